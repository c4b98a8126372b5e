package evidence

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// Signer wraps a payload in a signed envelope.
type Signer interface {
	Seal(ctx context.Context, payloadType string, payload []byte) (envelope []byte, err error)
}

// signedField is the field of a predicate that holds the time of signing, as RFC 3339.
// SLSA requires the name of an extension field to begin with its vendor's name.
const signedField = "goldenpath_signed"

// Sign returns the signed envelope of a statement. The time of signing is now, read from
// the signer's clock. It replaces s.Signed and any signing time in the predicate, which
// untrusted code may have written.
func Sign(ctx context.Context, signer Signer, s Statement, now time.Time) ([]byte, error) {
	predicate := maps.Clone(s.Predicate)
	if predicate == nil {
		predicate = map[string]any{}
	}
	predicate[signedField] = now.UTC().Format(time.RFC3339Nano)
	s.Predicate = predicate
	return seal(ctx, signer, s)
}

// seal signs a statement without changing its predicate.
func seal(ctx context.Context, signer Signer, s Statement) ([]byte, error) {
	predicate, err := structpb.NewStruct(s.Predicate)
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s: %w", s.Type, err)
	}
	st := &intoto.Statement{
		Type: intoto.StatementTypeUri,
		Subject: []*intoto.ResourceDescriptor{
			{Name: s.Name, Digest: map[string]string{"sha256": strings.TrimPrefix(s.Digest, "sha256:")}},
		},
		PredicateType: s.Type,
		Predicate:     predicate,
	}
	if err := st.Validate(); err != nil {
		return nil, fmt.Errorf("cannot encode %s: %w", s.Type, err)
	}
	payload, err := protojson.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s: %w", s.Type, err)
	}
	return signer.Seal(ctx, payloadType, payload)
}

// Put signs a statement and stores it beside its artifact.
func Put(ctx context.Context, store Store, signer Signer, s Statement, now time.Time) error {
	b, err := Sign(ctx, signer, s, now)
	if err != nil {
		return err
	}
	return store.Attach(ctx, s.Digest, MediaType, b, map[string]string{"in-toto.io/predicate-type": s.Type})
}
