# Starts and stops the engine. Sourced by docker.sh.

up() {
	if command -v docker >/dev/null && answers; then
		say "a Docker engine is running"
		return
	fi
	[ "$(uname -s)" = Linux ] || die 2 "no Docker engine is running, and this script can start one on Linux only. Start yours"
	[ "$(id -u)" = 0 ] || die 2 "no Docker engine is running, and starting one needs root. Start yours, or run this as root"
	[ -z "${DOCKER_HOST:-}" ] || die 2 "no Docker engine responds at DOCKER_HOST=$DOCKER_HOST. Start it, or unset the variable"
	need dockerd docker.io
	need iptables iptables
	locked
	if answers; then
		return
	fi
	# An engine permanently sets the FORWARD policy to DROP; down restores it.
	iptables -S FORWARD 2>/dev/null | sed -n 's/^-P FORWARD //p' >"$home/forward"
	# Without the variables of this shell: no proxy, and no credential of a test.
	env -i "PATH=$PATH" "HOME=$home" setsid dockerd --data-root "$home/data" --exec-root /run/goldenpath-docker \
		--pidfile "$home/pid" >"$home/log" 2>&1 </dev/null 8>&- &
	local end=$((SECONDS + 60))
	until answers; do
		if ! kill -0 $! 2>/dev/null || ((SECONDS > end)); then
			tail -n 5 "$home/log" >&2
			die 2 "dockerd does not start. The last lines of its log are above, the log is $home/log"
		fi
		sleep 0.1
	done
	say "dockerd $(docker version --format '{{.Server.Version}}')"
}

down() {
	local pid
	pid=$(cat "$home/pid" 2>/dev/null) || true
	if [ -z "$pid" ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]; then
		say "no engine is running that this script started"
		return
	fi
	if [ -n "$(docker ps --quiet)" ]; then
		say "the engine still runs containers and was not stopped. Stop them, then run $0 down"
		return
	fi
	kill "$pid"
	for _ in $(seq 300); do
		[ -d "/proc/$pid" ] || break
		sleep 0.1
	done
	[ ! -d "/proc/$pid" ] || die 1 "dockerd, process $pid, does not stop; its log is $home/log"
	local policy
	policy=$(cat "$home/forward" 2>/dev/null) || true
	[ -z "$policy" ] || iptables -P FORWARD "$policy"
	rm -f "$home/pid" "$home/forward"
	say "down"
}
