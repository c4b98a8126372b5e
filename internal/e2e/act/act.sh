#!/usr/bin/env bash
# Provides the tools that run workflows locally: nektos/act, and the image of its jobs.
#
#   act.sh tool    prints the path of act, built from source the first time
#   act.sh image   prints the name of the image of the jobs; needs a running Docker
#
# act.patch lets act run a workflow twice at the same time, as a matrix of callers does:
# each job has a name and volumes of its own, and a job that succeeds does not hide another
# one that failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
version=v0.2.89
. "$here/../module.sh"

case ${1:-} in
tool)
	patch=$here/act.patch
	bin=$top/.cache/act-$version-$(sha256sum <"$patch" | cut -c1-12)/act
	if [ ! -x "$bin" ]; then
		echo "building act $version: a minute the first time" >&2
		build_module github.com/nektos/act "$version" . "$bin" "" "$patch"
	fi
	echo "$bin"
	;;
image) exec "$top/internal/e2e/docker/docker.sh" base jq curl procps ;;
*) sed -n '2,/^set/s/^# \?//p' "$0" | sed '$d' >&2; exit 2 ;;
esac
