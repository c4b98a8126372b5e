#!/usr/bin/env bash
# Prints the path of the program that deploys in the test of target terraform: the one in
# GOLDENPATH_TERRAFORM, otherwise OpenTofu of the version that goldenpath installs, built
# from source the first time. It must be static, because the test runs it in an image.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
. "$here/../module.sh"
if [ -n "${GOLDENPATH_TERRAFORM:-}" ]; then
	echo "$GOLDENPATH_TERRAFORM"
	exit
fi
version=$(sed -n 's/^\tVersion: "\(.*\)",$/\1/p' "$top/internal/target/terraform/install.go")
bin=$top/.cache/tofu-$version/tofu
if [ ! -x "$bin" ]; then
	echo "building OpenTofu $version: six minutes the first time, half a minute when Go's build cache is warm" >&2
	build_module github.com/opentofu/opentofu "v$version" ./cmd/tofu "$bin" "-X github.com/opentofu/opentofu/version.dev=no"
fi
echo "$bin"
