#!/usr/bin/env bash
# Provides the tools that run workflows locally: nektos/act, and the image of its jobs.
#
#   act.sh tool    prints the path of act, built from source the first time
#   act.sh image   prints the name of the image of the jobs; needs a running Docker
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
version=v0.2.89

case ${1:-} in
tool)
	bin=$top/.cache/act-$version
	if [ ! -x "$bin/act" ]; then
		echo "building act $version: a minute the first time" >&2
		GOBIN=$bin GOEXPERIMENT= CGO_ENABLED=0 go install "github.com/nektos/act@$version"
	fi
	echo "$bin/act"
	;;
image) exec "$top/internal/e2e/docker/docker.sh" base jq curl procps ;;
*) sed -n '2,/^set/s/^# \?//p' "$0" | sed '$d' >&2; exit 2 ;;
esac
