#!/usr/bin/env bash
# Builds a certificate authority for tests, with a DNS server for it, into .cache/pebble.
set -euo pipefail
version=v2.10.3
out=${GOLDENPATH_PEBBLE:-$(cd "$(dirname "$0")/../../.." && pwd)/.cache/pebble}
[ -x "$out/pebble-challtestsrv" ] && exit
mkdir -p "$out"
for name in pebble pebble-challtestsrv; do
	GOEXPERIMENT='' GOFLAGS='' GOBIN=$out go install "github.com/letsencrypt/pebble/v2/cmd/$name@$version"
done
