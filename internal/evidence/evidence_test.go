package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
	ctx := context.Background()
	key := openKey(t)
	s := Statement{Type: Gate, Name: "app", Digest: digest, Predicate: map[string]any{"verdict": "pass", "n": 1.0}}
	b, err := Sign(ctx, key, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(ctx, key, b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Errorf("statement (-want +got):\n%s", diff)
	}
	if _, err := Open(ctx, openKey(t), b); !errors.Is(err, ErrUntrusted) {
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
	if _, err := Open(ctx, key, forged); !errors.Is(err, ErrUntrusted) {
		t.Errorf("changed payload: %v, want ErrUntrusted", err)
	}
}

func TestCollect(t *testing.T) {
	ctx := context.Background()
	key, other := openKey(t), openKey(t)
	store := &memory{}
	put := func(k *Key, predicate, about, verdict string) {
		t.Helper()
		if err := Put(ctx, store, k, Statement{Type: predicate, Name: "app", Digest: about, Predicate: map[string]any{"verdict": verdict}}); err != nil {
			t.Fatal(err)
		}
	}
	put(key, Gate, digest, "pass")
	put(key, Gate, digest, "fail")
	put(key, Scorecard, digest, "great") // no verdict there is
	put(other, Provenance, digest, "")   // signed by somebody else
	put(key, Provenance, strings.Replace(digest, "5be1", "0000", 1), "")
	*store = append(*store, []byte("{"))
	c, err := Collect(ctx, store, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Trusted) != 3 || c.Untrusted != 3 {
		t.Errorf("%d trusted and %d untrusted, want 3 and 3", len(c.Trusted), c.Untrusted)
	}
	for predicate, want := range map[string]string{Gate: "fail", Scorecard: "fail", Provenance: ""} {
		if got, found := c.Verdict(predicate, ""); got != want || found != (want != "") {
			t.Errorf("%s: %q %v, want %q", predicate, got, found, want)
		}
	}
}

func TestKeyIsKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	one, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	two, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := one.KeyID()
	if b, _ := two.KeyID(); a != b {
		t.Error("a second opening made another key")
	}
	info, err := os.Stat(filepath.Join(dir, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key.pem has mode %v (%v), want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(dir); err == nil {
		t.Error("a damaged key was replaced in silence")
	}
}
