package gitleaks

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// gradedIn lists rule, severity and line of what a scan found.
func gradedIn(res gate.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		out = append(out, fmt.Sprintf("%s %s %d", f.Rule, f.Severity, f.At.Line))
	}
	return out
}

// TestSamples: what stands around a value can say that it protects nothing. Each has a twin that
// is a secret and blocks.
func TestSamples(t *testing.T) {
	hash, password := filled("<h:64>", 3), base64.StdEncoding.EncodeToString([]byte(filled("<a:32>", 4)))
	key := filled("<a:28>", 5)
	for name, test := range map[string]struct{ path, sample, secret string }{
		"the hash of a token":            {"a.py", `token_encrypted_ = "` + hash + `"`, `encrypted_token = "` + hash + `"`},
		"a hash in a struct":             {"a.rs", `api_key_hash: "` + hash + `".into(),`, `hash_key: "` + hash + `".into(),`},
		"a key named a hash":             {"a.py", `password_hash = "` + hash + `"`, `password_hash_key = "` + hash + `"`},
		"not a hash's length":            {"a.py", `token_digest = "` + hash + `"`, `token_digest = "` + key + `"`},
		"JSON in a comment":              {"a.rs", "/*\nRequest {\n    \"username\": \"dani\",\n    \"password\": \"" + password + "\"\n}\n*/\nfn a() {}", "/*\nlet a = Request {\n    password: \"" + password + "\",\n};\n*/\nfn a() {}"},
		"JSON after one":                 {"a.ts", "/* a\n\"token\": \"" + key + "\"\n*/\n", "/* a\n*/\nexport default {\n\"token\": \"" + key + "\"\n}\n"},
		"a comment that a string begins": {"a.js", "/**\n * a\n * \"apiToken\": \"" + key + "\"\n */\n", "const glob = \"src/*\"\nexport default {\n\"apiToken\": \"" + key + "\"\n}\n"},
		"a page of the machine itself":   {"a.tsx", "//http://localhost:3000/documents/40/sign?token=" + key + "\n", "//https://sign.acme.io/documents/40/sign?token=" + key + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for text, want := range map[string]string{test.sample: "medium", test.secret: "high"} {
				line := 1 + strings.Count(text[:strings.LastIndex(text, valueIn(text, key, hash, password))], "\n")
				r := newRepo(t)
				r.commit(map[string]string{test.path: text + "\n"})
				if diff := cmp.Diff([]string{fmt.Sprintf("%s %s %d", generic, want, line)}, gradedIn(r.scan(gate.Input{}))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", text, diff)
				}
			}
		})
	}
}

func valueIn(text string, values ...string) string {
	for _, v := range values {
		if strings.Contains(text, v) {
			return v
		}
	}
	return text
}

// TestSamplesOfTheHistory: a commit that changes one line shows neither the comment nor the tests
// that the line stands in.
func TestSamplesOfTheHistory(t *testing.T) {
	key := filled("<a:28>", 6)
	for name, test := range map[string]struct{ path, before, after, want string }{
		"a test of Rust":     {"a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n", "}\n", "medium"},
		"code of Rust":       {"a.rs", "fn a() {}\nmod other {\n", "}\n", "high"},
		"a comment":          {"a.go", "package a\n\n/*\n{\n", "}\n*/\n", "medium"},
		"not a comment":      {"a.go", "package a\n\n/*\n*/\nvar text = `{\n", "}`\n", "high"},
		"a section of tests": {"config/a.yml", "test:\n  a: b\n", "production:\n  b: c\n", "medium"},
		"of production":      {"config/a.yml", "production:\n  a: b\n", "test:\n  b: c\n", "high"},
	} {
		t.Run(name, func(t *testing.T) {
			line := "  \"token\": \"%s\"\n"
			r := newRepo(t)
			r.commit(map[string]string{test.path: test.before + fmt.Sprintf(line, "none") + test.after})
			r.commit(map[string]string{test.path: test.before + fmt.Sprintf(line, key) + test.after})
			r.commit(map[string]string{test.path: test.before + fmt.Sprintf(line, "none") + test.after})
			if diff := cmp.Diff([]string{generic + " " + test.want + " 0"}, gradedIn(r.scan(gate.Input{}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestValuesOfASecret: a Secret of Kubernetes is one finding, at the value that is none of the
// words which a reader replaces, and by the rule that knows most about it.
func TestValuesOfASecret(t *testing.T) {
	head := "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n"
	entry := func(key, value string) string {
		return "  " + key + ": " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"
	}
	real := filled("<a:24>", 7)
	for name, test := range map[string]struct {
		path, text string
		want       []string
	}{
		"only samples":                {"a.yaml", head + entry("password", "db-password") + entry("user", "postgres-user-password"), []string{}},
		"a sample and a secret":       {"a.yaml", head + entry("first", "db-password") + entry("entry", real), []string{"kubernetes-secret-yaml critical 6"}},
		"both in a document":          {"docs/a.yaml", head + entry("first", "db-password") + entry("entry", real), []string{"kubernetes-secret-yaml medium 6"}},
		"a secret in a document":      {"docs/a.yaml", head + entry("first", real) + entry("entry", real[1:]), []string{"kubernetes-secret-yaml critical 5"}},
		"a password of words":         {"a.yaml", head + entry("entry", "correct-horse-battery"), []string{"kubernetes-secret-yaml critical 5"}},
		"a token":                     {"a.yaml", head + entry("token", token), []string{"github-pat critical 5"}},
		"a token and another value":   {"a.yaml", head + entry("token", token) + entry("entry", real), []string{"github-pat critical 5", "kubernetes-secret-yaml critical 6"}},
		"two Secrets":                 {"a.yaml", head + entry("first", "db-password") + "---\n" + head + entry("entry", real), []string{"kubernetes-secret-yaml critical 11"}},
		"a token outside of a Secret": {"a.yaml", "a:\n" + entry("token", token), []string{"github-pat critical 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit(map[string]string{test.path: test.text})
			if diff := cmp.Diff(test.want, gradedIn(r.scan(gate.Input{}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestColumnOfALongLine: a line longer than a piece, and than the window in which a large file is
// read.
func TestColumnOfALongLine(t *testing.T) {
	for _, before := range []int{10, chunkSize + 1000, 3*chunkSize + 17, window + 3*chunkSize} {
		for _, value := range []string{token, "gsk_" + filled("<a:52>", 8)} {
			r := newRepo(t)
			text := strings.Repeat("ab;\n", 5) + strings.Repeat("abcd efg;", before/9+1) + " " + value + " x\n"
			r.commit(map[string]string{"a.txt": text})
			want := strings.Index(text, value) - 20 + 1
			got := r.scan(gate.Input{}).Findings
			if len(got) != 1 || got[0].At.Line != 6 || got[0].At.Column != want {
				t.Errorf("after %d: %v, want column %d", before, got, want)
			}
		}
	}
}

// TestKeyFilesOfTests: a file with a key among examples is made up, as a key in a text there is.
func TestKeyFilesOfTests(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"app/example/cert.p12": "\x00\x01binary", "deploy/cert.p12": "\x00\x01binary"})
	var got []string
	for _, f := range r.scan(gate.Input{}).Findings {
		got = append(got, fmt.Sprintf("%s %s %s", f.Rule, f.At.Path, f.Severity))
	}
	if diff := cmp.Diff([]string{"pkcs12-file app/example/cert.p12 medium", "pkcs12-file deploy/cert.p12 critical"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
