# The engine. Sourced by docker.sh.

up() {
	if command -v docker >/dev/null && answers; then
		say "an engine answers"
		return
	fi
	[ "$(uname -s)" = Linux ] || die 2 "no engine answers, and one can be started on Linux only: start yours"
	[ "$(id -u)" = 0 ] || die 2 "no engine answers, and starting one needs root: start yours, or run this as root"
	[ -z "${DOCKER_HOST:-}" ] || die 2 "no engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset the variable"
	need dockerd docker.io
	need iptables iptables
	locked
	if answers; then
		return
	fi
	# An engine makes the machine drop what it would forward, for good.
	iptables -S FORWARD 2>/dev/null | sed -n 's/^-P FORWARD //p' >"$home/forward"
	# With none of this shell's variables: no proxy, and no credential of a test's.
	env -i "PATH=$PATH" "HOME=$home" setsid dockerd --data-root "$home/data" --exec-root /run/goldenpath-docker \
		--pidfile "$home/pid" >"$home/log" 2>&1 </dev/null 8>&- &
	local end=$((SECONDS + 60))
	until answers; do
		if ! kill -0 $! 2>/dev/null || ((SECONDS > end)); then
			tail -n 5 "$home/log" >&2
			die 2 "dockerd does not start; its last lines are above, all of them in $home/log"
		fi
		sleep 0.1
	done
	say "dockerd $(docker version --format '{{.Server.Version}}')"
}

down() {
	local pid
	pid=$(cat "$home/pid" 2>/dev/null) || true
	if [ -z "$pid" ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]; then
		say "none is up that was started here"
		return
	fi
	if [ -n "$(docker ps --quiet)" ]; then
		say "the engine is in use, and is left: stop its containers, then it with $0 down"
		return
	fi
	kill "$pid"
	for _ in $(seq 300); do
		[ -d "/proc/$pid" ] || break
		sleep 0.1
	done
	[ ! -d "/proc/$pid" ] || die 1 "dockerd, process $pid, does not end; its log is $home/log"
	local policy
	policy=$(cat "$home/forward" 2>/dev/null) || true
	[ -z "$policy" ] || iptables -P FORWARD "$policy"
	rm -f "$home/pid" "$home/forward"
	say "down"
}
