package look

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestForms: a credential is found beside any other text that is encoded with it.
func TestForms(t *testing.T) {
	const value = "made-up-of-the-registry"
	s := search{Report: Report{Looked: map[string]int{}}, forms: map[string][][]byte{"registry": forms([]byte(value))}}
	for _, before := range []string{"", "u", "us", "usr", "user:"} {
		for _, after := range []string{"", "x", "xy", "xyz"} {
			s.Found = nil
			if s.in("file", "x", []byte(base64.StdEncoding.EncodeToString([]byte(before+value+after)))); len(s.Found) != 1 {
				t.Errorf("%q is not found between %q and %q", value, before, after)
			}
		}
	}
	s.Found = nil
	if s.in("file", "x", []byte(Needles(map[string]string{"registry": value}))); len(s.Found) != 0 {
		t.Error("a search finds its own program")
	}
}

// TestAt: a search reports a file with a credential.
func TestAt(t *testing.T) {
	const value = "made-up-of-a-file"
	root := t.TempDir()
	file := filepath.Join(root, "config.json")
	if err := os.WriteFile(file, []byte("{"+value+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got Report
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	if err := At(root, "test", s.URL, Needles(map[string]string{"planted": value})); err != nil {
		t.Fatal(err)
	}
	if !got.Has(file, "planted") || got.Who != "test" || got.Looked["environ"] == 0 || got.Looked["git"] == 0 {
		t.Errorf("%+v", got)
	}
}
