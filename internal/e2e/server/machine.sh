#!/usr/bin/env bash
# Becomes process 1 of a server. host.sh runs it, in new namespaces of mounts, network,
# host name and IPC, with the folder of the server and its number. It calls itself again
# with `inside` in the other namespaces.
set -euo pipefail
dir=$1 number=$2 power=$3 bridge=$4 net=$5
root=$dir/root
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# hierarchies prints each hierarchy of control groups of version 1 of this machine: its
# folder below /sys/fs/cgroup, and the options of mount.
hierarchies() {
	local list
	while IFS=: read -r _ list _; do
		case $list in
		"" | name=*) ;;
		*) echo "$list $list" ;;
		esac
	done </proc/self/cgroup
}

# layout prints those that a server sees. On a machine with version 2 only there is
# nothing but its folder. Otherwise it is the layout that systemd calls hybrid: limits
# are in the hierarchies of version 1, but it learns from version 2 that the last
# process of a unit has ended.
layout() {
	local old
	old=$(hierarchies)
	if [ -n "$old" ]; then
		printf '%s\n' "$old" "systemd none,name=systemd" "unified"
	else
		echo .
	fi
}

mount_group() { # FOLDER [OPTIONS]
	if [ -n "${2:-}" ]; then
		mount -t cgroup -o "nosuid,nodev,noexec,$2" cgroup "$1"
	else
		mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$1"
	fi
}

# join moves this process to a group of its own in each hierarchy. The groups become the
# roots of the hierarchies that the server sees.
join() {
	local folder options at=$dir/groups group=goldenpath-server-$number
	mkdir -p "$at"
	mount -t tmpfs none "$at"
	while read -r folder options; do
		mkdir -p "$at/$folder"
		mount_group "$at/$folder" $options
		mkdir -p "$at/$folder/$group"
		if [[ ,$folder, == *,cpuset,* ]]; then
			cat "$at/$folder/cpuset.cpus" >"$at/$folder/$group/cpuset.cpus"
			cat "$at/$folder/cpuset.mems" >"$at/$folder/$group/cpuset.mems"
			echo 1 >"$at/$folder/$group/cgroup.clone_children"
		fi
		echo $$ >"$at/$folder/$group/cgroup.procs"
	done <<<"$(layout)"
	umount -R "$at"
	rmdir "$at"
}

outside() {
	join
	mount -t overlay -o "lowerdir=$(<"$dir/image"),upperdir=$dir/upper,workdir=$dir/work" overlay "$root"
	local folder
	for folder in var home srv; do
		mount --bind "$dir/$folder" "$root/$folder"
	done
	hostname "$(<"$dir/upper/etc/hostname")"
	local there=/proc/$power/ns/net
	nsenter "--net=$there" ip link delete "gps-$number" 2>/dev/null || true
	ip link add eth0 address "$(printf 02:67:70:00:00:%02x "$number")" type veth peer name "gps-$number" netns "$there"
	nsenter "--net=$there" ip link set "gps-$number" master "$bridge" up
	ip link set lo up
	ip address add "$net.$number/24" dev eth0
	ip link set eth0 up
	ip route add default via "$net.1"
	exec unshare --pid --cgroup --fork --kill-child "$0" "$@" inside
}

inside() {
	local node folder options
	mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
	mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
	mount -t tmpfs -o nosuid,mode=755 tmpfs "$root/dev"
	mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs "$root/run"
	mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/tmp"
	mkdir "$root"/dev/{pts,shm,mqueue,net}
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
	mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/dev/shm"
	mount -t mqueue mqueue "$root/dev/mqueue"
	for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0" "fuse 10 229" "net/tun 10 200"; do
		set -- $node
		mknod -m 666 "$root/dev/$1" c "$2" "$3"
	done
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	for node in stdin:0 stdout:1 stderr:2; do
		ln -s "/proc/self/fd/${node#*:}" "$root/dev/${node%:*}"
	done
	mount -t tmpfs -o nosuid,nodev,noexec,mode=755 tmpfs "$root/sys/fs/cgroup"
	while read -r folder options; do
		mkdir -p "$root/sys/fs/cgroup/$folder"
		mount_group "$root/sys/fs/cgroup/$folder" $options
		for node in ${folder//,/ }; do # cpu and cpuacct may be one hierarchy
			[ -e "$root/sys/fs/cgroup/$node" ] || ln -s "$folder" "$root/sys/fs/cgroup/$node"
		done
	done <<<"$(layout)"
	# Otherwise systemd would mount the controllers that this machine does not use.
	[ "$folder" = . ] || mount -o remount,bind,ro "$root/sys/fs/cgroup"
	# Settings of the one kernel cannot be changed, but those of the network are the
	# server's own. A user namespace may mount proc and sysfs only if one without
	# these limits is mounted, too.
	mkdir -p "$root"/run/lab/{proc,sys}
	chmod 700 "$root/run/lab"
	mount -t proc -o nosuid,nodev,noexec proc "$root/run/lab/proc"
	mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/run/lab/sys"
	mount --bind "$root/proc/sys" "$root/proc/sys"
	mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
	mount -o remount,bind,ro "$root/proc/sys"
	# Each start is another boot, for the journal as well.
	cat /proc/sys/kernel/random/uuid >"$root/run/lab/boot"
	mount --bind "$root/run/lab/boot" "$root/proc/sys/kernel/random/boot_id"
	cd "$root"
	mkdir -p "$root/mnt"
	pivot_root . mnt
	umount -l mnt
	mount --make-rshared /
	exec env -i PATH="$PATH" container=goldenpath-lab TERM=linux chroot . /sbin/init
}

if [ "${6:-}" = inside ]; then inside; else outside "$@"; fi
