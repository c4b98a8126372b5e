# Image of the actions preview-up, preview-down, scorecard and promote.
#
# GitHub's runner builds this file with the repository as context and without
# arguments or a target. The base images are arguments, so that a machine that cannot
# pull them can use others.
ARG GO_IMAGE=golang:1.26.9-bookworm@sha256:d9c68c2c51161e12fd77e4c6320687c9cd86e1af1e3ad6e6cd63ff970641453c
ARG BASE_IMAGE=alpine/git:v2.54.0@sha256:a4bb51f1a3553df194ce679fc1db721d8bfba2046fa1a88fe9d4ac551ffbce25

# Cross-compile instead of emulating the other platform.
FROM --platform=${BUILDPLATFORM} ${GO_IMAGE} AS build
ARG GOPROXY
ARG TARGETOS
ARG TARGETARCH
# Set by a release. Without them --version prints "development".
ARG VERSION
ARG COMMIT
# trivy, in the same module, imports encoding/json/v2.
ENV CGO_ENABLED=0 GOEXPERIMENT=jsonv2
WORKDIR /src
# Without `go mod download`, which would fetch the scanners' modules too.
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false -o /out/goldenpath \
    -ldflags "-s -w -X github.com/seed-b235b314/goldenpath/internal/command.version=${VERSION} -X github.com/seed-b235b314/goldenpath/internal/command.commit=${COMMIT}" \
    ./cmd/goldenpath

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="goldenpath" \
      org.opencontainers.image.description="Takes a commit to production" \
      org.opencontainers.image.source="https://github.com/seed-b235b314/goldenpath" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/goldenpath /usr/local/bin/goldenpath
# No USER and no WORKDIR: an action runs as root in the workspace that the runner
# mounts. goldenpath itself makes git accept that workspace, which another user owns.
ENTRYPOINT ["/usr/local/bin/goldenpath"]
