#!/bin/sh
# Fuzzes the parsers of untrusted input, a minute each, two at a time. Packages that
# link trivy, osv-scanner or Helm are left out, because building them with the fuzzer's
# instrumentation takes longer than everything else. Their seeds still run as tests.
set -eu
cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-60}
one() {
	log=$(mktemp)
	if go test "$1" -run '^$' -fuzz "^$2\$" -fuzztime "${seconds}s" -fuzzminimizetime 1x -parallel 1 >"$log" 2>&1 || ended "$log"; then
		execs=$(grep -o 'execs: [0-9]*' "$log" | tail -1) || true
		if [ -z "$execs" ]; then # go test also succeeds if no target has this name
			echo "FAIL $2 in $1 does not exist"
			exit 255
		fi
		echo "ok   $2 in $1: $execs"
		rm -f "$log"
	else
		echo "FAIL $2 in $1"
		tail -40 "$log"
		exit 255 # xargs stops
	fi
}
# Before Go 1.27 the end of the fuzz time can itself be reported as a failure,
# golang/go#75804. A real failure prints more than that line.
ended() {
	grep -q '^    context deadline exceeded$' "$1" && ! grep -qE 'Failing input|panic:|_test.go:' "$1"
}
if [ $# = 2 ]; then
	one "$1" "$2"
	exit
fi
xargs -P 2 -n 2 "$0" <<'LIST'
./internal/config FuzzParse
./internal/doctor FuzzWorkflow
./internal/doctor FuzzLongest
./internal/scaffold FuzzScalar
./internal/gate FuzzWaivers
./internal/gate FuzzAllowed
./internal/gate/database FuzzKEV
./internal/gate/database FuzzEPSS
./internal/gate/database FuzzSource
./internal/gate/gitleaks FuzzShortcuts
./internal/gate/image/oci FuzzArchive
./internal/gate/inventory FuzzRead
./internal/gate/sarif FuzzRead
./internal/gate/sarif FuzzURI
./internal/gate/workflow FuzzRules
./internal/gate/workflow FuzzLoad
./internal/gate/workflow FuzzExpression
./internal/git FuzzParsePatch
./internal/junit FuzzRead
./internal/comment FuzzDecode
./internal/manifest FuzzParse
LIST
