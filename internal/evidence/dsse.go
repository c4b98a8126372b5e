package evidence

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Seal implements Signer with a DSSE envelope.
func (k *Key) Seal(ctx context.Context, payloadType string, payload []byte) ([]byte, error) {
	signer, err := dsse.NewEnvelopeSigner(k)
	if err != nil {
		return nil, err
	}
	envelope, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("cannot sign evidence: %w", err)
	}
	return json.Marshal(envelope)
}

// Unseal implements Verifier for a DSSE envelope.
func (k *Key) Unseal(ctx context.Context, envelope []byte) (string, []byte, error) {
	var e dsse.Envelope
	if err := json.Unmarshal(envelope, &e); err != nil {
		return "", nil, fmt.Errorf("cannot read the evidence envelope: %w", err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(k)
	if err != nil {
		return "", nil, err
	}
	if _, err := verifier.Verify(ctx, &e); err != nil {
		return "", nil, fmt.Errorf("%w (%v)", ErrUntrusted, err)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return "", nil, fmt.Errorf("cannot read the evidence envelope: %w", err)
	}
	return e.PayloadType, payload, nil
}
