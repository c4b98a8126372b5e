#!/usr/bin/env bash
# Prints the path of OpenTofu or Terraform: the one on PATH, or OpenTofu, built from source
# the first time. It must be static, because the tests run it in an image.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
version=$(sed -n 's/^\tVersion: "\(.*\)",$/\1/p' "$top/internal/target/terraform/install.go")
command -v tofu || command -v terraform && exit
bin=$top/.cache/tofu-$version
if [ ! -x "$bin/tofu" ]; then
	echo "building OpenTofu $version: five minutes the first time" >&2
	GOBIN=$bin GOEXPERIMENT= CGO_ENABLED=0 go install "github.com/opentofu/opentofu/cmd/tofu@v$version"
fi
echo "$bin/tofu"
