package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// memory is a store that holds envelopes of one artifact.
type memory [][]byte

func (m *memory) Attach(_ context.Context, _, _ string, payload []byte, _ map[string]string) error {
	*m = append(*m, payload)
	return nil
}

func (m *memory) Referrers(context.Context, string, string) ([][]byte, error) { return *m, nil }

const digest = "sha256:5be1000000000000000000000000000000000000000000000000000000000000"

func openKey(t *testing.T) *Key {
	t.Helper()
	k, err := OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignAndOpen(t *testing.T) {
	key := openKey(t)
	s := Statement{Type: Gate, Name: "app", Digest: digest, Predicate: map[string]any{"verdict": "pass", "n": 1.0}}
	b, err := Sign(t.Context(), key, s, noon.In(time.FixedZone("CET", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(t.Context(), key, b)
	if err != nil {
		t.Fatal(err)
	}
	s.Signed = noon
	if diff := cmp.Diff(s, got); diff != "" {
		t.Errorf("statement (-want +got):\n%s", diff)
	}
	if _, err := Open(t.Context(), openKey(t), b); !errors.Is(err, ErrUntrusted) {
		t.Errorf("another key: %v, want ErrUntrusted", err)
	}
	var e map[string]any
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(e["payload"].(string))
	if err != nil {
		t.Fatal(err)
	}
	e["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(payload, []byte("pass"), []byte("warn"), 1))
	forged, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), key, forged); !errors.Is(err, ErrUntrusted) {
		t.Errorf("changed payload: %v, want ErrUntrusted", err)
	}
	if b, err = key.Seal(t.Context(), "text/plain", payload); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), key, b); err == nil {
		t.Error("a payload of another type was accepted")
	}
}

// A tested report is written by untrusted code: it cannot choose the time that
// orders it.
func TestSignReplacesTheTimeOfThePredicate(t *testing.T) {
	key := openKey(t)
	claim := map[string]any{"verdict": "pass", "started": "2999-01-01T00:00:00Z", signedField: "2999-01-01T00:00:00Z"}
	b, err := Sign(t.Context(), key, Statement{Type: Battery, Name: "app", Digest: digest, Predicate: claim}, noon)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), key, b)
	if err != nil || !s.Signed.Equal(noon) {
		t.Errorf("signed %v, %v, want %v", s.Signed, err, noon)
	}
	if claim[signedField] != "2999-01-01T00:00:00Z" {
		t.Error("Sign changed the caller's predicate")
	}
}

func TestPublicKeyDoesNotSign(t *testing.T) {
	pem, err := openKey(t).PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParsePublic(pem)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sign(t.Context(), public, Statement{Type: Gate, Name: "app", Digest: digest}, noon); err == nil {
		t.Error("a public key signed")
	}
}
