// Package evidence makes, signs, stores and verifies in-toto statements about
// an artifact.
package evidence

import (
	"context"
	"time"
)

// Predicate types. The first two are standards; the predicates of the others contain a
// goldenpath report.
const (
	Provenance = "https://slsa.dev/provenance/v1"
	Tests      = "https://in-toto.io/attestation/test-result/v0.1"
	Gate       = "https://github.com/seed-b235b314/goldenpath/security-gate/v1"
	Scorecard  = "https://github.com/seed-b235b314/goldenpath/scorecard/v1"
	Battery    = "https://github.com/seed-b235b314/goldenpath/battery/v1"
)

// MediaType is the artifact type of a stored envelope.
const MediaType = "application/vnd.dsse.envelope.v1+json"

// payloadType is the media type of a statement inside its envelope.
const payloadType = "application/vnd.in-toto+json"

// Statement is one claim about an artifact.
type Statement struct {
	Type      string         // predicate type
	Name      string         // of the artifact: ghcr.io/acme/where2eat
	Digest    string         // sha256:… of the index
	Signed    time.Time      // by the signer's clock, set by Sign; zero: missing or not a valid time
	Predicate map[string]any // plain JSON, without signedField
}

// Store keeps envelopes beside the artifact that they describe.
type Store interface {
	Attach(ctx context.Context, subject, mediaType string, payload []byte, annotations map[string]string) error
	Referrers(ctx context.Context, subject, mediaType string) ([][]byte, error)
}
