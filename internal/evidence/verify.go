package evidence

import (
	"context"
	"errors"
	"fmt"
	"time"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// Verifier opens an envelope. It returns the payload only if the signature is valid and
// was made with the verifier's key; otherwise the error is ErrUntrusted.
type Verifier interface {
	Unseal(ctx context.Context, envelope []byte) (payloadType string, payload []byte, err error)
}

// ErrUntrusted reports an envelope that the trusted key did not sign.
var ErrUntrusted = errors.New("not signed by the trusted key")

// Open verifies an envelope and returns its statement. Nothing in an envelope
// is used before its signature is verified.
func Open(ctx context.Context, verifier Verifier, envelope []byte) (Statement, error) {
	kind, payload, err := verifier.Unseal(ctx, envelope)
	if err != nil {
		return Statement{}, err
	}
	if kind != payloadType {
		return Statement{}, fmt.Errorf("the evidence has payload type %q, want %q", kind, payloadType)
	}
	var st intoto.Statement
	if err := protojson.Unmarshal(payload, &st); err != nil {
		return Statement{}, fmt.Errorf("cannot read the evidence statement: %w", err)
	}
	if err := st.Validate(); err != nil {
		return Statement{}, fmt.Errorf("cannot read the evidence statement: %w", err)
	}
	if len(st.Subject) != 1 {
		return Statement{}, fmt.Errorf("cannot read the evidence statement: it has %d subjects, want 1", len(st.Subject))
	}
	predicate := st.Predicate.AsMap()
	signed := timeOf(predicate[signedField])
	delete(predicate, signedField)
	return Statement{
		Type: st.PredicateType, Name: st.Subject[0].Name, Digest: "sha256:" + st.Subject[0].Digest["sha256"],
		Signed: signed, Predicate: predicate,
	}, nil
}

// timeOf parses an RFC 3339 time. It returns the zero time for any other value.
func timeOf(v any) time.Time {
	text, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
