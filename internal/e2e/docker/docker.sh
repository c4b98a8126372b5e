#!/usr/bin/env bash
# A Docker engine for tests, and the images that they run. An engine that answers
# is used; else one is started from Debian's package, which needs root.
#
#   docker.sh up               makes an engine answer
#   docker.sh base [PACKAGE…]  prints an image with git and ca-certificates: that
#                              of the Dockerfiles where it can be pulled, else one
#                              of Debian's packages. Asked for more packages, always
#                              Debian's. The first time this takes a minute or two
#   docker.sh images           makes goldenpath:e2e and security-gate:e2e: the
#                              binaries in bin, in the last stage of each Dockerfile
#   docker.sh down             stops the engine, if up has started it and no
#                              container runs in it
#
# Exit codes: 1 it does not work, 2 it cannot work on this machine or was asked
# for wrongly. GOLDENPATH_DOCKER is the folder it keeps everything in.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
home=${GOLDENPATH_DOCKER:-${XDG_CACHE_HOME:-$HOME/.cache}/goldenpath/docker}
suite=bookworm # docker.io of this Debian is what is started, too

say() { printf '%4d s  %s\n' "$SECONDS" "$*" >&2; }
die() { printf 'docker: %s\n' "${@:2}" >&2; exit "$1"; }
answers() { docker info >/dev/null 2>&1; }

# need COMMAND PACKAGE installs a Debian package that this machine lacks.
need() {
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		die 2 "it needs $1: install it (Debian: $2)"
	fi
	say "installing $2"
	[ -n "${updated:-}" ] || apt-get update -qq
	updated=1
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

# locked keeps a second call from doing the same at the same time. What is started
# meanwhile must not hold the lock: give it 8>&-.
locked() {
	mkdir -p "$home"
	exec 8>"$home/lock"
	flock 8
}

source "$here/engine.sh"
source "$here/images.sh"

case ${1:-} in
up) up ;;
down) down ;;
base)
	answers || die 1 "no engine answers: start one with $0 up"
	base "${@:2}"
	;;
images)
	answers || die 1 "no engine answers: start one with $0 up"
	images
	;;
*) sed -n '2,/^set/s/^# \?//p' "$0" | sed '$d' >&2; exit 2 ;;
esac
