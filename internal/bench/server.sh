#!/usr/bin/env bash
# Compares deployments to a plain Linux server with Docker Compose and with Kamal's commands,
# in turns in one run on small servers on this machine (internal/e2e/server/host.sh), and
# prints medians, ratios, the memory at rest, and a trace of one promotion and one rollback.
# It needs root on Linux, and takes about 15 minutes. GOLDENPATH_COMPARE_ROUNDS is 7.
set -euo pipefail
cd "$(dirname "$0")/../.."
export GOEXPERIMENT=jsonv2 CGO_ENABLED=0
make --silent bin/goldenpath

# The newest one that Go 1.26.8 builds, from the Go module proxy. It is built in a copy of its
# own folder, so that its replace directives count.
version=v5.6.0
tools=$PWD/.cache/compose/$version
if [ ! -x "$tools/docker-compose" ]; then
	echo "building Docker Compose $version" >&2
	mkdir -p "$tools"
	if (
		set -e
		cd "$tools"
		export GOTOOLCHAIN=local GOFLAGS=
		dir=$(go mod download -json "github.com/docker/compose/v5@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
		[ -n "$dir" ]
		rm -rf source
		cp -r "$dir" source
		chmod -R u+w source
		cd source
		GOEXPERIMENT= go build -trimpath -ldflags "-s -w -X github.com/docker/compose/v5/internal.Version=$version" -o ../docker-compose.new ./cmd
		mv ../docker-compose.new ../docker-compose
	); then
		rm -rf "$tools/source"
	else
		echo "Docker Compose $version cannot be built here: it is not measured" >&2
	fi
fi
GOLDENPATH_COMPARE=$tools go test -tags e2e -count=1 -timeout 60m -v -run '^TestCompare$' ./internal/e2e/server
