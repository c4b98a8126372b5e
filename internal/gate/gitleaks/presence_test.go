package gitleaks

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestPresence: a guess, and a secret of a test, are not called certain, whatever else a
// path contains.
func TestPresence(t *testing.T) {
	for _, test := range []struct{ rule, path, want string }{
		{"github-pat", "main.go", report.SecretPresent},
		{"github-pat", "attestation/latest.go", report.SecretPresent},
		{"jwt", "config/prod.env", report.SecretPresent},
		{"generic-api-key", "main.go", report.SecretPossible},
		{"jwt", "pkg/api/token_test.go", report.SecretPossible},
		{"jwt", "web/login.spec.ts", report.SecretPossible},
		{"jwt", "tests/login.py", report.SecretPossible},
		{"private-key", "a/testdata/key.pem", report.SecretPossible},
		{"private-key", "node_modules/a/key.pem", report.SecretPossible},
	} {
		if got := (secret{rule: test.rule, path: test.path}).finding("x").Secret; got != test.want {
			t.Errorf("%s in %s: %s, want %s", test.rule, test.path, got, test.want)
		}
	}
	if got := (secret{rule: "github-pat", path: "a_test.go", commit: "1234567"}).finding("x").Secret; got != report.SecretRemoved {
		t.Errorf("of the history: %s", got)
	}
}

// TestSeverity (N10): a word beside a random text is not as certain as a private key.
func TestSeverity(t *testing.T) {
	for rule, want := range map[string]report.Severity{generic: report.High, "private-key": report.Critical} {
		for _, commit := range []string{"", "1234567"} {
			if got := (secret{rule: rule, path: "main.go", commit: commit}).finding("x").Severity; got != want {
				t.Errorf("%s: %s, want %s", rule, got, want)
			}
		}
	}
}
