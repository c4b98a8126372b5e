# Makes the file systems of servers. Sourced by host.sh.

common=systemd,systemd-sysv,libpam-systemd,dbus,dbus-user-session,openssh-server,caddy,iproute2,iptables,nftables,curl,ca-certificates,sudo,procps
# What Debian's Podman recommends is needed for rootless containers and networks.
podman=podman,crun,uidmap,slirp4netns,fuse-overlayfs,netavark,aardvark-dns
docker=docker.io

# build ENGINE sets image to the folder of the file system. Its name is a hash of this
# file, so that another recipe gets another folder.
build() {
	case $1 in
	podman | docker) ;;
	*) die 2 "the engine of a server is podman or docker, not '$1'" ;;
	esac
	image=$images/$1-$(sha256sum "$here/build.sh" | cut -c1-12)
	if [ -d "$image" ]; then
		touch "$image"
		return
	fi
	mkdir -p "$images"
	exec 8>"$images/lock"
	flock 8 # a second concurrent build would only slow down both
	[ -d "$image" ] || make_image "$1"
	exec 8>&- # otherwise processes started later would hold the lock
}

make_image() {
	say "building a server with $1 from Debian packages: about a minute"
	local root=$images/building mirror packages=$common,${!1} old
	# Not used for a month, nor by a server.
	find "$images" -mindepth 1 -maxdepth 1 -type d -mtime +30 | while read -r old; do
		grep -qxF "$old" "$home"/*/image 2>/dev/null || rm -rf "$old"
	done
	rm -rf "$root"
	mkdir -p "$images/packages"
	mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
		sed -nE 's/^(URIs: *|deb (\[[^]]*\] )?)([^ ]+\/debian)\/?( .*)?$/\3/p' | head -n 1)
	if ! nice -n 10 debootstrap --variant=minbase "--cache-dir=$images/packages" "--include=$packages" "$suite" "$root" ${mirror:+"$mirror"} >"$images/build.log" 2>&1; then
		tail -n 5 "$images/build.log" >&2
		die 2 "debootstrap does not work here. The last lines of its log are above, the log is $images/build.log"
	fi
	configure "$root" "$1"
	mv "$root" "$image" # atomic: a killed build leaves nothing that looks complete
	say "$image"
}

# configure ROOT ENGINE leaves the settings of Debian, except where a server of this kind
# differs from a real machine.
configure() {
	local root=$1 unit
	rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale,info}/*
	rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id "$root"/var/lib/dbus/machine-id "$root"/etc/resolv.conf
	# No sysctl of the one kernel is changed by a server that starts. There are no
	# terminals, disks, clock or downloads to look after.
	for unit in systemd-sysctl.service console-getty.service getty.target systemd-timesyncd.service systemd-remount-fs.service \
		apt-daily.timer apt-daily-upgrade.timer fstrim.timer e2scrub_all.timer sys-kernel-debug.mount sys-kernel-tracing.mount; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	: >"$root/etc/fstab"
	mkdir -p "$root/var/log/journal"
}
