#!/usr/bin/env bash
# Provides a Docker engine for tests, and the images that they run. A running engine
# is used; otherwise one is started from Debian's package, which needs root.
#
#   docker.sh up               starts an engine if none is running
#   docker.sh base [PACKAGE…]  prints an image with git and ca-certificates: that
#                              of the Dockerfiles if it can be pulled, otherwise,
#                              or if PACKAGE is given, one of Debian's packages.
#                              The first time this takes a minute or two
#   docker.sh images           builds goldenpath:e2e and security-gate:e2e: the
#                              binaries in bin, in the last stage of each Dockerfile
#   docker.sh down             stops the engine if up started it and no container
#                              runs in it
#
# Exit codes: 1 an error, 2 Docker cannot run on this machine, or the arguments are
# invalid. GOLDENPATH_DOCKER is the folder for all its files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
home=${GOLDENPATH_DOCKER:-${XDG_CACHE_HOME:-$HOME/.cache}/goldenpath/docker}
suite=bookworm # the engine is this Debian's docker.io, too

say() { printf '%4d s  %s\n' "$SECONDS" "$*" >&2; }
die() { printf 'docker: %s\n' "${@:2}" >&2; exit "$1"; }
answers() { docker info >/dev/null 2>&1; }

. "$here/../need.sh"

# locked waits until no other call holds the lock. Processes started under the lock
# must not inherit it: start them with 8>&-.
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
	answers || die 1 "no Docker engine is running: start one with $0 up"
	base "${@:2}"
	;;
images)
	answers || die 1 "no Docker engine is running: start one with $0 up"
	images
	;;
*) sed -n '2,/^set/s/^# \?//p' "$0" | sed '$d' >&2; exit 2 ;;
esac
