# Removes the cluster. Sourced by cluster.sh. It does not rely on records of started
# processes, because up, or an earlier down, may have been killed at any point.

down() {
	if [ ! -d "$run" ] && ! owned; then
		say "no cluster is running"
		return
	fi
	# Kill all at once: nothing is kept, and a process that still runs would restart
	# the others.
	local pids
	for _ in $(seq 100); do
		pids=$(members)
		[ -n "$pids" ] || break
		kill -KILL $pids 2>/dev/null || true
		sleep 0.05
	done
	[ -z "$pids" ] || die 1 "these processes cannot be killed: $pids"
	unmount
	if owned; then
		restore
	fi
	rm -rf "$run"
	say "down"
}

# members prints the processes with the mark, and those in the containers of pods,
# which do not have it.
members() {
	grep -lszxF -- "$mark" /proc/[0-9]*/environ | cut -d/ -f3 || true
	if owned; then
		find /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u || true
	fi
}

# unmount removes every mount of the cluster, or exits: files mounted from elsewhere,
# such as the volume of a pod, must not be deleted along with the folder.
unmount() {
	local left
	for _ in 1 2 3; do
		left=$(cut -d' ' -f2 /proc/self/mounts | grep -e "^$run/" -e "^$sockets/" | sort -r) || return 0
		xargs -r -n1 umount -l <<<"$left" 2>/dev/null || true
	done
	die 1 "these mounts cannot be removed: $left"
}

# restore undoes what host and the node did to this machine.
restore() {
	# containerd keeps the sockets of its shims in one folder for the whole machine.
	find "$sockets" -name address -exec sed -s 's#^unix://##;s/$/\n/' {} + 2>/dev/null | grep ^/run/containerd/s/ | xargs -r rm -f || true
	ip link delete $bridge 2>/dev/null || true
	local tables rules
	for tables in iptables ip6tables; do
		rules=$($tables-save 2>/dev/null) || true
		if [[ $rules =~ KUBE-|goldenpath-cluster ]]; then
			grep -vE 'KUBE-|goldenpath-cluster' <<<"$rules" | $tables-restore
		fi
	done
	find /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods -depth -type d -exec rmdir {} + 2>/dev/null || true
	sysctl -q -p "$run/sysctl" >/dev/null || true
	find /var/log/containers -lname "$run/*" -delete 2>/dev/null || true
	rm -f /var/lib/cni/results/{$bridge,cni-loopback}-* /var/lib/kubelet/device-plugins/kubelet.sock
	rmdir /var/lib/cni/results /var/lib/cni /var/lib/kubelet/device-plugins /var/lib/kubelet /var/log/containers 2>/dev/null || true
	rm -rf "$sockets" "$owner"
}
