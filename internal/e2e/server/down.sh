# Stops and removes servers. Sourced by host.sh.

# cut_power kills every process of the server. Process 1 is killed by the kernel
# together with its parent, and all others with it.
cut_power() {
	local pid
	for _ in $(seq 100); do
		# The processes of the groups are those of a server whose hardware was killed.
		pid=$(running && cat "$dir/power.pid") || true
		set -- $pid $(members)
		[ $# != 0 ] || break
		kill -KILL "$@" 2>/dev/null || true
		thaw
		sleep 0.05
	done
	[ $# = 0 ] || die 1 "these processes of $name cannot be killed: $*"
	rm -f "$dir/power.pid"
	remove_groups
	ip link delete "gps-$number" 2>/dev/null || true
}

# members prints the processes in the groups of the server.
members() { each_group 'find "$group" -name cgroup.procs -exec cat {} +' | sort -u | grep -vx 0 || true; }

# thaw lets frozen processes run again, so that they end: a kill waits until then.
thaw() {
	each_group '
		find "$group" -name freezer.state -exec sh -c "echo THAWED >\"\$1\"" - {} \;
		find "$group" -name cgroup.freeze -exec sh -c "echo 0 >\"\$1\"" - {} \;
	' 2>/dev/null || true
}

# remove_groups ignores a group that is gone: each hierarchy has the whole tree.
remove_groups() { each_group 'find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true'; }

# each_group CODE runs the code with $group, the group of the server in a hierarchy, for
# each of them. It mounts them, because this machine may not have all mounted.
each_group() {
	[ -n "${number:-}" ] || return 0
	unshare --mount --propagation private bash -c '
		number=$1 at=$2 code=$3
		mount -t tmpfs none "$at"
		while IFS=: read -r _ list _; do
			case $list in
			"") type=cgroup2 options=rw ;;
			name=*) type=cgroup options=none,$list ;;
			*) type=cgroup options=$list ;;
			esac
			mkdir "$at/$list.d"
			mount -t $type -o "$options" cgroup "$at/$list.d" || continue
			group=$at/$list.d/goldenpath-server-$number
			[ ! -d "$group" ] || eval "$code"
		done </proc/self/cgroup
	' - "$number" "$numbers" "$1"
}

down() {
	locked
	number=$(cat "$dir/number" 2>/dev/null) || true
	if [ -z "$number" ]; then # create was killed
		local link
		for link in "$numbers"/*; do
			[ "$(readlink "$link")" != "$dir" ] || number=${link##*/}
		done
	fi
	if [ ! -d "$dir" ] && [ -z "$number" ]; then
		say "there is no server $name"
		return
	fi
	if [ -n "$number" ]; then
		cut_power
		rm -f "$numbers/$number"
	fi
	rm -rf "$dir"
	if [ -z "$(find "$numbers" -type l)" ]; then
		ip link delete $bridge 2>/dev/null || true
		rm -rf "$numbers"
	fi
	say "$name is removed"
}

list() {
	local file
	for file in "$home"/*/number; do
		[ -f "$file" ] || continue
		existing "$(basename "$(dirname "$file")")"
		printf '%s %s %s %s\n' "$name" "$address" "$(<"$dir/engine")" "$(running && echo on || echo off)"
	done
}
