// Package evidence makes, signs, stores and verifies in-toto statements about
// an artifact.
package evidence

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// Predicate types. The first two are the field's own; the others carry a
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

const payloadType = "application/vnd.in-toto+json"

// Statement is what somebody says of an artifact.
type Statement struct {
	Type      string         // predicate type
	Name      string         // of the artifact, such as ghcr.io/acme/where2eat
	Digest    string         // sha256:… of the index
	Predicate map[string]any // plain JSON
}

// Store is where envelopes are kept beside the artifact.
type Store interface {
	Attach(ctx context.Context, subject, mediaType string, payload []byte, annotations map[string]string) error
	Referrers(ctx context.Context, subject, mediaType string) ([][]byte, error)
}

// Sign returns the signed envelope of a statement.
func Sign(ctx context.Context, key *Key, s Statement) ([]byte, error) {
	predicate, err := structpb.NewStruct(s.Predicate)
	if err != nil {
		return nil, fmt.Errorf("state %s: %w", s.Type, err)
	}
	st := &intoto.Statement{
		Type:          intoto.StatementTypeUri,
		Subject:       []*intoto.ResourceDescriptor{{Name: s.Name, Digest: map[string]string{"sha256": strings.TrimPrefix(s.Digest, "sha256:")}}},
		PredicateType: s.Type,
		Predicate:     predicate,
	}
	if err := st.Validate(); err != nil {
		return nil, fmt.Errorf("state %s: %w", s.Type, err)
	}
	payload, err := protojson.Marshal(st)
	if err != nil {
		return nil, err
	}
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return nil, err
	}
	envelope, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope)
}

// Put signs a statement and stores it beside its artifact.
func Put(ctx context.Context, store Store, key *Key, s Statement) error {
	b, err := Sign(ctx, key, s)
	if err != nil {
		return err
	}
	return store.Attach(ctx, s.Digest, MediaType, b, map[string]string{"in-toto.io/predicate-type": s.Type})
}

// ErrUntrusted says that an envelope is not signed by the key that is trusted.
var ErrUntrusted = errors.New("not signed by the trusted key")

// Open verifies an envelope and returns its statement. Only then is anything in
// it believed.
func Open(ctx context.Context, key *Key, envelope []byte) (Statement, error) {
	var e dsse.Envelope
	if err := json.Unmarshal(envelope, &e); err != nil {
		return Statement{}, fmt.Errorf("read envelope: %w", err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(key)
	if err != nil {
		return Statement{}, err
	}
	if _, err := verifier.Verify(ctx, &e); err != nil {
		return Statement{}, fmt.Errorf("%w (%v)", ErrUntrusted, err)
	}
	if e.PayloadType != payloadType {
		return Statement{}, fmt.Errorf("payload type %q, want %q", e.PayloadType, payloadType)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return Statement{}, err
	}
	var st intoto.Statement
	if err := protojson.Unmarshal(payload, &st); err != nil {
		return Statement{}, fmt.Errorf("read statement: %w", err)
	}
	if err := st.Validate(); err != nil {
		return Statement{}, err
	}
	if len(st.Subject) != 1 {
		return Statement{}, fmt.Errorf("a statement about %d artifacts, want 1", len(st.Subject))
	}
	return Statement{
		Type: st.PredicateType, Name: st.Subject[0].Name,
		Digest: "sha256:" + st.Subject[0].Digest["sha256"], Predicate: st.Predicate.AsMap(),
	}, nil
}

// Collection is the evidence found beside one artifact.
type Collection struct {
	Digest    string
	Trusted   []Statement // signed by the trusted key, about Digest
	Untrusted int         // signed by somebody else, or about something else
}

// Collect reads all the evidence of an artifact. What is not signed by the key,
// or speaks of another digest, is counted and not used.
func Collect(ctx context.Context, store Store, key *Key, digest string) (Collection, error) {
	all, err := store.Referrers(ctx, digest, MediaType)
	if err != nil {
		return Collection{}, fmt.Errorf("read evidence of %s: %w", digest, err)
	}
	c := Collection{Digest: digest}
	for _, b := range all {
		s, err := Open(ctx, key, b)
		if err != nil || s.Digest != digest {
			c.Untrusted++
			continue
		}
		c.Trusted = append(c.Trusted, s)
	}
	return c, nil
}

// Verdict returns the verdict that the newest evidence of one predicate type
// states, and whether there is any; with an environment, only evidence from
// there counts. Of two of the same time the worse counts; an unknown word is a
// fail.
func (c Collection) Verdict(predicateType, environment string) (verdict string, found bool) {
	rank := map[string]int{"skip": 0, "pass": 1, "warn": 2, "fail": 3}
	newest := ""
	for _, s := range c.Trusted {
		where, _ := s.Predicate["environment"].(string)
		if s.Type != predicateType || environment != "" && where != environment {
			continue
		}
		word := verdictOf(s)
		if _, known := rank[word]; !known {
			word = "fail"
		}
		at, _ := s.Predicate["started"].(string)
		if !found || at > newest || at == newest && rank[word] > rank[verdict] {
			verdict, newest, found = word, at, true
		}
	}
	return verdict, found
}

// verdictOf reads the verdict of a report, or of the field's own test result.
// Provenance has none: it is there or it is not.
func verdictOf(s Statement) string {
	switch s.Type {
	case Provenance:
		return "pass"
	case Tests:
		if result, _ := s.Predicate["result"].(string); result == "PASSED" {
			return "pass"
		} else if result == "WARNED" {
			return "warn"
		}
		return "fail"
	}
	v, _ := s.Predicate["verdict"].(string)
	return v
}
