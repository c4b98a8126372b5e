#!/bin/sh
# Builds the four upstream commands, at the versions that go.mod pins, into the
# folder given. Each is a module of its own: their dependencies are not ours.
# NAME@VERSION after the folder builds that version instead, to compare it before an
# upgrade: upstream.sh .cache/newer trivy@v0.75.0
set -eu
export CGO_ENABLED=0 # as their releases are built, and ours
out=$1
shift
others=$*
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out"
build() { # name module package
	[ -x "$out/$1" ] && return
	version=$(cd "$top" && go list -m -f '{{.Version}}' "$2")
	for other in $others; do
		case $other in "$1"@*) version=${other#*@} ;; esac
	done
	dir=$(mktemp -d)
	(
		cd "$dir"
		go mod init upstream >/dev/null 2>&1
		[ "$1" = actionlint ] && go mod edit -replace go.yaml.in/yaml/v4=go.yaml.in/yaml/v4@v4.0.0-rc.3
		go get "$3@$version" >/dev/null
		echo "building $1 $version" >&2
		go build -ldflags "-s -w" -o "$out/$1" "$3"
	)
	rm -rf "$dir"
}
build actionlint github.com/rhysd/actionlint github.com/rhysd/actionlint/cmd/actionlint
build gitleaks github.com/zricethezav/gitleaks/v8 github.com/zricethezav/gitleaks/v8
build osv-scanner github.com/google/osv-scanner/v2 github.com/google/osv-scanner/v2/cmd/osv-scanner
build trivy github.com/aquasecurity/trivy github.com/aquasecurity/trivy/cmd/trivy
