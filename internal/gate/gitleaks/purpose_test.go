package gitleaks

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestManifest: the words of a Secret of Kubernetes occur in other objects too.
func TestManifest(t *testing.T) {
	value := filled("<a:36>", 1)
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"a Secret":                  {"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  entry: " + value + "\n", []string{"kubernetes-secret-yaml a.yaml:5"}},
		"the data first":            {"apiVersion: v1\ndata:\n  entry: " + value + "\nkind: Secret\n", []string{"kubernetes-secret-yaml a.yaml:3"}},
		"an item of a list":         {"items:\n- kind: Secret\n  metadata: {name: a}\n  data:\n    entry: " + value + "\n", []string{"kubernetes-secret-yaml a.yaml:5"}},
		"a reference to a Secret":   {"kind: HelmRelease\nspec:\n  valuesFrom:\n    - kind: Secret\n      name: a\n  values:\n    configMap:\n      data:\n        entry: " + value + "\n", []string{}},
		"a Secret, then a settings": {"kind: Secret\nmetadata: {name: a}\n---\nkind: ConfigMap\ndata:\n  entry: " + value + "\n", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit(map[string]string{"a.yaml": test.text})
			if diff := cmp.Diff(test.want, where(r.scan(gate.Input{}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSection: a configuration of Rails has a section for each environment, and the one of
// tests has made-up values.
func TestSection(t *testing.T) {
	text := "default: &default\n  a: b\ntest:\n  <<: *default\n  secret_key_base: x\nproduction:\n  secret_key_base: y\n"
	for line, want := range map[int]bool{2: false, 5: true, 7: false} {
		for _, path := range []string{"config/secrets.yml", "apps/web/config/secrets.yaml"} {
			if got := inTestSection(piece{path: path, text: text}, line); got != want {
				t.Errorf("%s:%d: %v", path, line, got)
			}
		}
		if inTestSection(piece{path: "docker-compose.yml", text: text}, line) {
			t.Errorf("line %d of another file", line)
		}
	}
	rust := piece{path: "src/a.rs", text: "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n"}
	if inTestSection(rust, 1) || !inTestSection(rust, 3) {
		t.Error("tests of Rust")
	}
}

// TestSetAside: what matches a rule and is not a secret is counted, in the tree and in the
// history, once, and also by a run that takes the result of an earlier one.
func TestSetAside(t *testing.T) {
	r := newRepo(t)
	text := "kind: HelmRelease\nspec:\n  valuesFrom:\n    - kind: Secret\n      name: a\n  values:\n    configMap:\n      data:\n        entry: dGhlLXZhbHVlLW9mLXRoZS1lbnRyeQ==\n"
	r.commit(map[string]string{"a.yaml": text})
	r.commit(map[string]string{"a.yaml": "kind: HelmRelease\n", "b.yaml": text})
	in := gate.Input{Databases: t.TempDir()}
	for _, run := range []string{"cold", "warm"} {
		res := r.scan(in)
		if len(where(res)) > 0 || !strings.Contains(res.Covered, ", 1 value that only looks like a secret set aside") {
			t.Errorf("%s: %v, %s", run, where(res), res.Covered)
		}
	}
}

// TestPublicKeys: keys that a service gives to every visitor of an app are not revoked: one of
// Supabase for the role anon is set aside, and one of a Firebase web app does not block.
func TestPublicKeys(t *testing.T) {
	token := func(role string) string {
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(`{"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"`+role+`","iat":1700000000,"exp":2000000000}`)) + "." + encode([]byte("0123456789abcdef0123456789abcdef"))
	}
	key := "AIza" + "SyD3xQ9vLk2Rt7Wm4Zp8Yb6Nc1Hf5Gj0KsE"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"anon":         {"export const db = createClient(url, '" + token("anon") + "')\n", []string{}},
		"service_role": {"export const db = createClient(url, '" + token("service_role") + "')\n", []string{"jwt critical"}},
		"Firebase":     {"firebase.initializeApp({apiKey: '" + key + "', authDomain: 'x.firebaseapp.com', projectId: 'x'})\n", []string{"gcp-api-key medium"}},
		"Maps":         {"const maps = '" + key + "'\n", []string{"gcp-api-key critical"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit(map[string]string{"app.js": test.text})
			got := []string{}
			for _, f := range r.scan(gate.Input{}).Findings {
				got = append(got, f.Rule+" "+string(f.Severity))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
