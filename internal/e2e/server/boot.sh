# Starts servers. Sourced by host.sh.

# up ENGINE starts the server, which need not exist.
up() {
	mkdir -p "$home"
	locked
	if [ ! -f "$dir/number" ]; then
		build "$1"
		create "$1"
	elif [ -n "$1" ] && [ "$1" != "$(<"$dir/engine")" ]; then
		die 1 "$name has $(<"$dir/engine"), not $1: remove it with $0 down $name"
	fi
	existing "$name"
	if ! running; then
		cut_power # ends what is left if only its hardware was killed
		network
		env -i "PATH=$PATH" "GOLDENPATH_SERVER=$home" setsid "$here/host.sh" _power "$name" >"$dir/console" 2>&1 </dev/null 9>&- &
	fi
	exec 9>&-
	responds ""
	echo "$address"
}

# create makes the disk of a new server, and its keys.
create() {
	rm -rf "$dir" # what a killed create left
	mkdir -p "$dir"/{upper,work,root}
	local key
	ssh-keygen -q -t ed25519 -N "" -C "root@$name" -f "$dir/key"
	ssh-keygen -q -t ed25519 -N "" -C "$name" -f "$dir/host_key"
	# The root is a layer on the image. The storage of an engine cannot be on such a
	# layer, so that /var, /home and /srv are folders of this machine's disk.
	cp -a "$image/var" "$image/home" "$image/srv" "$dir/"
	mkdir -p "$dir/upper/etc/ssh" "$dir/upper/root/.ssh"
	chmod 700 "$dir/upper/root" "$dir/upper/root/.ssh"
	cp "$dir/key.pub" "$dir/upper/root/.ssh/authorized_keys"
	install -m 600 "$dir/host_key" "$dir/upper/etc/ssh/ssh_host_ed25519_key"
	install -m 644 "$dir/host_key.pub" "$dir/upper/etc/ssh/ssh_host_ed25519_key.pub"
	tr -d - </proc/sys/kernel/random/uuid >"$dir/upper/etc/machine-id"
	echo "$name" >"$dir/upper/etc/hostname"
	echo "nameserver $net.1" >"$dir/upper/etc/resolv.conf" # nothing answers there
	printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n' "$name" >"$dir/upper/etc/hosts"
	echo "$image" >"$dir/image"
	echo "$1" >"$dir/engine"
	# The number of the server, which is also its address.
	for key in {2..254}; do
		ln -sn "$dir" "$numbers/$key" 2>/dev/null && break
	done
	[ "$(readlink "$numbers/$key")" = "$dir" ] || die 1 "this machine has too many servers: see $numbers"
	printf '%s %s\n' "$net.$key" "$(cut -d' ' -f1-2 "$dir/host_key.pub")" >"$dir/known_hosts"
	rm "$dir/host_key"
	echo "$key" >"$dir/number"
}

# network provides the bridge. This machine is the router of the servers, which have
# no connection to other networks.
network() {
	ip link show $bridge >/dev/null 2>&1 && return
	# With fixed addresses here and in machine.sh, nothing remembers an address of an
	# interface that is gone: that would cost half a minute.
	ip link add $bridge address 02:67:70:00:00:01 type bridge
	ip address add $net.1/24 dev $bridge
	ip link set $bridge up
}

# running tells whether the server has power.
running() {
	local pid
	pid=$(cat "$dir/power.pid" 2>/dev/null) || return 1
	[[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *"host.sh _power $name "* ]]
}

# responds OLD waits until the server, in another boot than OLD, accepts connections.
responds() {
	local end=$((SECONDS + 60)) id
	until id=$(remote cat /proc/sys/kernel/random/boot_id 2>/dev/null) && [ "$id" != "$1" ]; do
		if ((SECONDS > end)); then
			tail -n 5 "$dir/console" >&2
			die 1 "$name does not respond at $address. The last lines of its console are above; its journal is in $dir/var/log/journal"
		fi
		sleep 0.1
	done
	say "$name responds"
}

reboot() {
	running || die 1 "$name is off: start it with $0 up $name"
	local before
	before=$(remote cat /proc/sys/kernel/random/boot_id)
	remote systemctl reboot 2>/dev/null || true # the connection may end first
	responds "$before"
}

# power is the hardware of a server: it starts it, again if it reboots, until it halts.
power() {
	echo $$ >"$dir/power.pid"
	local code
	while true; do
		code=0
		unshare --mount --net --uts --ipc --propagation private "$here/machine.sh" "$dir" "$number" $$ $bridge $net || code=$?
		# The kernel ends process 1 with a hangup if it asks for a reboot.
		echo "the server ended with code $code"
		[ $code = 129 ] || break
		remove_groups
	done
	rm -f "$dir/power.pid"
}
