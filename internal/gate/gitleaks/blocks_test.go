package gitleaks

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestBlocks proves GP-GATE-1: a secret that a commit writes into a block that is there
// already is found in the history, and only in the commit that added its lines.
func TestBlocks(t *testing.T) {
	key := func(seed int) string {
		return filled("-----BEGIN RSA "+"PRIVATE KEY-----\n"+strings.Repeat("<b:64>\n", 6)+"<b:30>==\n-----END RSA "+"PRIVATE KEY-----\n", seed)
	}
	manifest := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: some\n  namespace: default\ndata:\n  something: "
	putty := "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: d\nPublic-Lines: 1\n<b:64>\nPrivate-Lines: 2\n<b:64>\n<b:64>\nPrivate-MAC: <h:40>\n"
	for name, test := range map[string]struct {
		path, before, after, rule string
	}{
		"another private key":   {"key.pem", key(1), key(2), "private-key"},
		"a key in YAML":         {"a.yml", "tls: |\n  " + strings.ReplaceAll(key(1), "\n", "\n  "), "tls: |\n  " + strings.ReplaceAll(key(2), "\n", "\n  "), "private-key"},
		"a key in source code":  {"a.js", "k = '" + strings.ReplaceAll(key(1), "\n", "\\n' +\n  '") + "'\n", "k = '" + strings.ReplaceAll(key(2), "\n", "\\n' +\n  '") + "'\n", "private-key"},
		"a Kubernetes Secret":   {"s.yaml", manifest + "e30K\n", manifest + filled("<B:36>", 1) + "\n", "kubernetes-secret-yaml"},
		"the d of a JWK":        {"k.json", "{\n  \"kty\": \"RSA\",\n  \"e\": \"AQAB\",\n  \"d\": \"x\"\n}\n", filled("{\n  \"kty\": \"RSA\",\n  \"e\": \"AQAB\",\n  \"d\": \"<w:60>\"\n}\n", 1), "jwk-private-key"},
		"another PuTTY key":     {"a.ppk", filled(putty, 1), filled(putty, 2), "putty-private-key"},
		"a header of a command": {"a.sh", "curl \\\n  -H 'Authorization: Bearer $T' \\\n  https://x\n", filled("curl \\\n  -H 'Authorization: Bearer <a:24>' \\\n  https://x\n", 1), "curl-auth-header"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			base := r.commit(map[string]string{test.path: test.before})
			middle := r.commit(map[string]string{test.path: test.after})
			r.commit(map[string]string{test.path: "gone\n"})
			res := r.scan(gate.Input{Base: base})
			if diff := cmp.Diff([]string{test.rule + " " + test.path}, where(res)); diff != "" {
				t.Fatal(diff)
			}
			if !strings.Contains(res.Findings[0].Message, middle[:7]) {
				t.Errorf("%s, want commit %s", res.Findings[0].Message, middle[:7])
			}
			// Another line of the same file is not the secret of its commit.
			r.commit(map[string]string{test.path: test.after})
			base = r.commit(map[string]string{"b": "b\n"})
			r.commit(map[string]string{test.path: test.after + "# " + strings.Repeat("a9", 40) + "\n" + strings.Repeat("a9", 40) + "\n"})
			r.commit(map[string]string{test.path: "gone\n"})
			if got := where(r.scan(gate.Input{Base: base})); len(got) != 0 {
				t.Errorf("found %v again", got)
			}
		})
	}
}

// TestBlockOfAMerge: a merge that rewrites a key.
func TestBlockOfAMerge(t *testing.T) {
	r := newRepo(t)
	text := "-----BEGIN RSA " + "PRIVATE KEY-----\n" + strings.Repeat("<b:64>\n", 4) + "-----END RSA " + "PRIVATE KEY-----\n"
	r.commit(map[string]string{"k.pem": filled(text, 1)})
	r.git("checkout", "-q", "-b", "side")
	r.commit(map[string]string{"b": "b\n"})
	r.git("checkout", "-q", "-")
	base := r.commit(map[string]string{"c": "c\n"})
	r.git("merge", "-q", "--no-commit", "--no-ff", "side")
	merge := r.commit(map[string]string{"k.pem": filled(text, 2)})
	r.commit(map[string]string{"k.pem": ""})
	res := r.scan(gate.Input{Base: base})
	if len(res.Findings) != 1 || !strings.Contains(res.Findings[0].Message, merge[:7]) {
		t.Errorf("%+v", res.Findings)
	}
}

// TestBlockKept: with what earlier runs kept, the block is found again.
func TestBlockKept(t *testing.T) {
	r := newRepo(t)
	text := "-----BEGIN RSA " + "PRIVATE KEY-----\n" + strings.Repeat("<b:64>\n", 4) + "-----END RSA " + "PRIVATE KEY-----\n"
	base := r.commit(map[string]string{"k\n.pem": filled(text, 1)})
	id := r.commit(map[string]string{"k\n.pem": filled(text, 2)})
	blob := r.git("rev-parse", id+":k\n.pem")
	r.commit(map[string]string{"k\n.pem": "gone\n"})
	in := gate.Input{Base: base, Databases: t.TempDir()}
	for range 2 {
		if got := where(r.scan(in)); len(got) != 1 {
			t.Errorf("found %v", got)
		}
	}
	os.Remove(object(r.dir, blob))
	if res := r.scan(in); len(res.Missing) == 0 {
		t.Error("the file is gone, and nothing is said")
	}
}
