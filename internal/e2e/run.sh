#!/usr/bin/env bash
# Installs missing requirements of the end-to-end tests, then runs them.
set -euo pipefail
cd "$(dirname "$0")/../.."
need() { # command, Debian package
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing $2"
		[ -n "${updated:-}" ] || apt-get update -qq
		updated=1
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
	else
		echo "the end-to-end tests need $1: install it (Debian: $2)" >&2
		exit 1
	fi
}
need git git
need npm npm
need chromium chromium
need redis-server redis-server

# GitHub's own parser, bundled because Node cannot load its JSON imports.
parser=.cache/parser
if [ ! -f "$parser/parse.cjs" ]; then
	mkdir -p "$parser"
	cp internal/e2e/parser/package.json internal/e2e/parser/package-lock.json internal/e2e/parser/parse.js "$parser/"
	(cd "$parser" && npm ci --silent --no-audit --no-fund && npx esbuild parse.js --bundle --platform=node --format=cjs --outfile=parse.cjs --log-level=warning)
fi

# The client of the browser, and axe.
browser=.cache/browser
mkdir -p "$browser"
cp internal/e2e/browser/package.json internal/e2e/browser/package-lock.json internal/e2e/browser/look.js "$browser/"
[ -d "$browser/node_modules" ] || (cd "$browser" && npm ci --silent --no-audit --no-fund)

# GitHub's description of its REST API and its example payloads: two files out of
# packages of 400 MB.
openapi=.cache/openapi
if [ ! -f "$openapi/webhooks.json" ]; then
	mkdir -p "$openapi"
	cp internal/e2e/openapi/package.json internal/e2e/openapi/package-lock.json "$openapi/"
	(
		cd "$openapi" && npm ci --silent --no-audit --no-fund
		mv node_modules/@octokit/openapi/generated/api.github.com.json .
		mv node_modules/@octokit/webhooks-examples/api.github.com/index.json webhooks.json
		rm -r node_modules
	)
fi
# Plain Linux servers and a certificate authority, while the tests that follow wait for Go.
if [ "$(id -u)" = 0 ] && [ "$(uname -s)" = Linux ]; then
	nice -n 19 bash -c 'for engine in podman docker; do internal/e2e/server/host.sh build $engine; done; internal/e2e/server/pebble.sh' >.cache/server.log 2>&1 &
	servers=$!
fi
# OpenTofu, too.
nice -n 19 internal/e2e/act/terraform.sh >/dev/null 2>.cache/tofu.log &
tofu=$!
# The fake GitHub checks every request and response of these tests against it.
export GOLDENPATH_GITHUB_OPENAPI=$PWD/$openapi/api.github.com.json
go test -count=1 -skip Month ./internal/github ./internal/preview ./internal/command/path

source internal/e2e/cluster/with.sh
source internal/e2e/docker/with.sh
internal/e2e/act/act.sh tool >/dev/null

# Long tests run in the background at low priority: a release, built several times; a
# month of 2,000 pull requests with a simulated clock, whose requests are like those
# above and are not checked against the description again; and the fuzz tests.
log=$PWD/.cache/background.log
GOLDENPATH_GITHUB_OPENAPI= GOLDENPATH_MONTH=full setsid nice -n 19 bash -euc '
	go test -tags e2e -count=1 -timeout 60m -run "^TestRelease$" ./internal/e2e
	go test -count=1 -timeout 60m -run Month ./internal/preview
	./internal/e2e/fuzz.sh
' >"$log" 2>&1 </dev/null &
background=$!
stop_background() { kill -- "-$background" 2>/dev/null || true; }
also() { trap "stop_background${2:+; $2}" EXIT; }
eval "also $(trap -p EXIT | sed 's/^trap//')"

go test -tags e2e -count=1 -timeout 40m -parallel 4 -skip '^TestRelease$' ./internal/e2e "$@"
# After the others: these share an engine, and measure how fast a step is cancelled.
go test -tags e2e -count=1 -timeout 40m ./internal/e2e/container
[ -z "${servers:-}" ] || wait "$servers" || cat .cache/server.log # the tests report what is missing
go test -tags e2e -count=1 -timeout 40m ./internal/e2e/server
wait "$tofu" || cat .cache/tofu.log
# Two apps, a server, and a release and a pull request more, take half an hour in the local runner: with make e2e-full.
full='^(TestApps|TestHostileCodeFinds|TestRegistryInEveryJob|TestSeparateActions|TestServer)$'
[ -z "${GOLDENPATH_E2E_FULL:-}" ] || full='^$'
go test -tags e2e -count=1 -timeout 90m -skip "$full" ./internal/e2e/workflows
# The test above ran with OpenTofu, and make test runs the target's own tests with the program
# on PATH. Terraform is not built here, because of its licence.
if [ -n "${GOLDENPATH_E2E_FULL:-}" ]; then
	PATH=$(dirname "$(internal/e2e/act/terraform.sh)"):$PATH go test -count=1 ./internal/target/terraform
	if terraform=$(command -v terraform); then
		GOLDENPATH_TERRAFORM=$terraform go test -tags e2e -count=1 -timeout 30m -run '^TestTerraform$' ./internal/e2e/workflows
	fi
fi
code=0
wait "$background" || code=$?
cat "$log"
exit "$code"
