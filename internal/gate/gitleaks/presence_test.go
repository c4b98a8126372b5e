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
		{"jwt", "apps/dev/.env.local.example", report.SecretPossible},
		{"github-pat", "config.sample.yml", report.SecretPossible},
		{"jwt", "README.md", report.SecretPossible},
		{"curl-auth-user", "docs/MANUAL.txt", report.SecretPossible},
		{"private-key", "docs/modules/saml.adoc", report.SecretPossible},
		{"url-password", "caddytest/integration/a.json", report.SecretPossible},
		{"private-key", "integration-test/key.pem", report.SecretPossible},
		{"private-key", "src/main/java/UserServiceTests.java", report.SecretPossible},
		{"dotenv-password", ".env.test", report.SecretPossible},
		{"dotenv-password", "playwright/test.env", report.SecretPossible},
		{"dotenv-password", "test.env", report.SecretPossible},
		{"dotenv-password", "template.env", report.SecretPossible},
		{"dotenv-password", ".env.ci.mysql", report.SecretPossible},
		{"jwt", ".yarn/releases/yarn-3.5.0.cjs", report.SecretPossible},
		{"jwt", "web/view.clienttest.tsx", report.SecretPossible},
		{"jwt", "web/app-latest.js", report.SecretPresent},
		{"url-password", "src/config/test.yaml", report.SecretPossible},
		{"url-password", ".github/workflows/test.yml", report.SecretPresent},
		{"github-pat", "README.md", report.SecretPresent},
		{"private-key", "src/Audit.java", report.SecretPresent},
		{"private-key", "latest/key.pem", report.SecretPresent},
		{"dotenv-password", ".env.production", report.SecretPresent},
		{"url-password", "template.yaml", report.SecretPresent},
		{"url-password", "config/default.json", report.SecretPresent},
	} {
		if got := (secret{rule: test.rule, path: test.path}).finding("x").Secret; got != test.want {
			t.Errorf("%s in %s: %s, want %s", test.rule, test.path, got, test.want)
		}
	}
	if got := (secret{rule: "github-pat", path: "a_test.go", commit: "1234567"}).finding("x").Secret; got != report.SecretRemoved {
		t.Errorf("of the history: %s", got)
	}
}

// TestDefaultKey: the key that Django makes for development is shown and does not block.
func TestDefaultKey(t *testing.T) {
	f := secret{rule: "django-secret-key", path: "shop/settings.py", value: "django-insecure-" + filled("<a:50>", 1), severity: report.High}.finding("x")
	if f.Severity != report.Low || f.Secret != report.SecretPossible {
		t.Errorf("%s, %s", f.Severity, f.Secret)
	}
}

// TestSeverity (N10): a word beside a random text is not as certain as a private key.
func TestSeverity(t *testing.T) {
	for rule, want := range map[string]report.Severity{generic: report.High, "private-key": report.Critical} {
		for _, commit := range []string{"", "1234567"} {
			if got := (secret{rule: rule, path: "main.go", commit: commit, value: filled("<a:24>", 1)}).finding("x").Severity; got != want {
				t.Errorf("%s: %s, want %s", rule, got, want)
			}
		}
	}
}

// TestSavedPage: the pages that tests keep are those of others.
func TestSavedPage(t *testing.T) {
	for path, want := range map[string]report.Severity{"tests/data/soup.html": report.Medium, "web/index.html": report.Critical, "tests/data/soup.json": report.Critical} {
		if got := (secret{rule: "gcp-api-key", path: path}).finding("x").Severity; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
