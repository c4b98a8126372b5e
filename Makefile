# Everything a person or CI runs. `make` lists the targets.
# trivy imports encoding/json/v2, which Go 1.26 enables with this experiment.
export GOEXPERIMENT := jsonv2
# A library imports plugin. With cgo the linker would then keep every symbol, a third
# of the binary's size.
export CGO_ENABLED := 0

sources = $(shell find cmd internal -name '*.go' -not -name '*_test.go') $(shell find internal -name '*.json' -o -name '*.tmpl' -o -name '*.toml' -o -name licences.txt -o -path '*/templates/*' -type f) go.mod go.sum

.PHONY: help demo test e2e e2e-full bench image
help: ## list the targets
	@echo "goldenpath: make TARGET"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: bin/goldenpath bin/security-gate ## take the sample app to production, then show what the path stops (about 2 minutes after the build)
	go run ./internal/demo

test: bin/goldenpath bin/security-gate ## vet, and run every test that needs only Go and git
	go vet ./...
	go test ./...
	cd testdata/where2eat && GOEXPERIMENT= go test ./...

e2e: bin/goldenpath bin/security-gate ## test it as users run it: kills, hostile input, GitHub's own parser, a browser, and Docker if it runs
	./internal/e2e/run.sh

e2e-full: bin/goldenpath bin/security-gate ## the same, and what takes half an hour more: hostile code in every job, every login, separate actions
	GOLDENPATH_E2E_FULL=1 ./internal/e2e/run.sh

bench: bin/goldenpath bin/security-gate ## print ratios against docker build, the four scanners run one by one and Docker Compose
	./internal/bench/run.sh

image: ## build both container images with Docker
	docker build --tag goldenpath:local --file Dockerfile .
	docker build --tag security-gate:local --file Dockerfile.security-gate .

# -buildvcs=auto stamps the commit into the binary, also where GOFLAGS says otherwise:
# goldenpath init pins the workflows to it.
bin/goldenpath: $(sources)
	@echo "building goldenpath"
	@go build -buildvcs=auto -ldflags "-s -w" -o $@ ./cmd/goldenpath

bin/security-gate: $(sources)
	@echo "building security-gate: four scanners and over a thousand dependencies, 4 to 10 minutes the first time"
	@go build -buildvcs=auto -ldflags "-s -w" -o $@ ./cmd/security-gate
