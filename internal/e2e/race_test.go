//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTwoPromotions proves GP-PROM-9: of two concurrent promotions of different digests
// exactly one succeeds, and the other reports who holds the lock.
func TestTwoPromotions(t *testing.T) {
	dir := hello(t)
	config := filepath.Join(dir, ".goldenpath.yml")
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	soaking := strings.Replace(string(b), "staging: {}", "staging: {soak: {for: 3s, at-least: 10}}", 1)
	if soaking == string(b) {
		t.Fatal("the configuration has changed")
	}
	if err := os.WriteFile(config, []byte(soaking), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "--all")
	var digests []string
	for _, message := range []string{"one", "two"} {
		commit(t, dir, message)
		file := filepath.Join(t.TempDir(), "report.json")
		if code, out := run(t, dir, "run", "--until", "scorecard", "--report", file); code != 0 {
			t.Fatalf("exit %d\n%s", code, out)
		}
		var r struct{ Digest string }
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &r); err != nil || r.Digest == "" {
			t.Fatalf("report without a digest: %v", err)
		}
		digests = append(digests, r.Digest)
	}
	type result struct {
		code int
		out  string
	}
	results := make(chan result)
	for _, d := range digests {
		go func() {
			code, out := run(t, dir, "promote", "--environment", "staging", "--digest", d)
			results <- result{code, out}
		}()
	}
	won, locked := 0, 0
	holder := regexp.MustCompile(`staging is locked by \S+@\S+ since .* \(promote|staging is locked by \S+@\S+ since .* \(soak`)
	for range digests {
		switch r := <-results; {
		case r.code == 0:
			won++
		case r.code == 1 && holder.MatchString(r.out):
			locked++
		default:
			t.Errorf("exit %d\n%s", r.code, r.out)
		}
	}
	if won != 1 || locked != 1 {
		t.Errorf("%d promotions succeeded and %d reported who holds the lock, want 1 and 1", won, locked)
	}
	releases := 0
	for _, e := range ledger(t, dir) {
		if e.Kind == "release" {
			releases++
		}
	}
	if releases != 1 {
		t.Errorf("%d releases in the ledger, want 1", releases)
	}
}
