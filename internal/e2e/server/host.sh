#!/usr/bin/env bash
# Runs plain Linux servers for tests: Debian with systemd as process 1, SSH, Caddy, and
# Podman or Docker. A server is a set of namespaces on this machine, with a disk of its
# own. It needs root on Linux.
#
#   host.sh build podman|docker     makes the file system of such a server; the first
#                                   time this takes one minute
#   host.sh up NAME podman|docker   starts a server, and prints its address. A server
#                                   that exists starts with the disk that it has
#   host.sh reboot NAME             asks its systemd to reboot, and waits for it
#   host.sh kill NAME               a power cut: kills all of it at once; up starts it
#   host.sh down NAME               removes all of it, in any state
#   host.sh ssh NAME COMMAND…       runs a command as root, with standard input
#   host.sh list                    prints the name, address, engine and state of each
#
# In the folder of a server are root's SSH key (key), the key by which the server is
# known (host_key.pub), and known_hosts. Its disk is that folder, too: its journal is in
# var/log/journal. Its kernel is that of this machine, so it cannot have limits or
# modules that this machine does not have. It reaches this machine, and nothing else.
#
# Exit codes: 1 an error, 2 a server cannot run on this machine, or the arguments are
# invalid. That of ssh is the command's. GOLDENPATH_SERVER is the folder for all files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
home=${GOLDENPATH_SERVER:-$top/.cache/server}
images=$home/.images              # a name of a server does not begin with a dot
numbers=/run/goldenpath-server    # the servers of this machine: a link to the folder of each
bridge=gp-server                  # the network of all servers; this machine is $net.1
net=10.246.0
suite=bookworm

say() { printf '%4d s  %s\n' "$SECONDS" "$*" >&2; }
die() { printf 'server: %s\n' "${@:2}" >&2; exit "$1"; }

. "$here/../need.sh"

# locked waits until no other call on this machine starts or removes a server. down of
# the last one removes the file, so that it is looked at again. Processes started under
# the lock must not inherit it: start them with 9>&-.
locked() {
	while true; do
		mkdir -p "$numbers"
		exec 9>"$numbers/lock"
		flock 9
		[ ! "$numbers/lock" -ef /proc/self/fd/9 ] || break
	done
}

# check exits if a server cannot run on this machine.
check() {
	[ "$(uname -s)" = Linux ] || die 2 "a server for tests runs on Linux only"
	[ "$(id -u)" = 0 ] || die 2 "a server for tests needs root (namespaces, mounts, a network bridge)"
	need ip iproute2
	need ssh openssh-client
	need ssh-keygen openssh-client
	need debootstrap debootstrap
}

# named sets the variables of the server NAME.
named() {
	[[ ${1:-} =~ ^[a-z][a-z0-9-]{0,30}$ ]] || die 2 "the name of a server has lower-case letters, digits and hyphens, not '${1:-}'"
	name=$1
	dir=$home/$name
}

# existing is named, for a server that exists.
existing() {
	named "$@"
	[ -f "$dir/number" ] || die 1 "there is no server $name: start one with $0 up $name podman"
	number=$(<"$dir/number")
	address=$net.$number
}

remote() {
	ssh -F none -i "$dir/key" -o IdentitiesOnly=yes -o UserKnownHostsFile="$dir/known_hosts" -o StrictHostKeyChecking=yes \
		-o BatchMode=yes -o ConnectTimeout=5 -o LogLevel=ERROR "root@$address" "$@"
}

source "$here/build.sh"
source "$here/boot.sh"
source "$here/down.sh"

case ${1:-} in
build)
	check
	build "${2:-}"
	;;
up)
	named "${2:-}"
	check
	up "${3:-}"
	;;
reboot)
	existing "${2:-}"
	reboot
	;;
kill)
	existing "${2:-}"
	cut_power
	say "$name is off"
	;;
down)
	named "${2:-}"
	down
	;;
ssh)
	existing "${2:-}"
	remote "${@:3}"
	;;
list) list ;;
_power) # the process that is the server's hardware; up starts it
	existing "${2:-}"
	power
	;;
*) sed -n '2,/^set/s/^# \?//p' "$0" | sed '$d' >&2; exit 2 ;;
esac
