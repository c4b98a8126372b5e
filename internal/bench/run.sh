#!/usr/bin/env bash
# Benchmarks: ratios, measured in turns in one run on this machine.
set -eu
cd "$(dirname "$0")/../.."
sh internal/bench/upstream.sh "$PWD/.cache/upstream"
go run ./internal/bench "$PWD/.cache/upstream"
go test -run '^$' -bench . -benchtime 20x ./internal/ledger ./internal/artifact
go run ./internal/bench minutes
source internal/e2e/cluster/with.sh
go run ./internal/bench preview
./internal/bench/server.sh
