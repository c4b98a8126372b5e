package gate

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNoSecretAnywhere proves GP-GATE-7: whatever comes out of a run holds no
// secret, though scanners quote what they cannot read.
func TestNoSecretAnywhere(t *testing.T) {
	c := newCheckout(t)
	other := "AKIA" + "Q3EGUZ7BLYX4T6WN"
	c.write(t, map[string]string{
		"Dockerfile":                   "FROM scratch\nENV AWS_ACCESS_KEY_ID=" + other + "\n" + token + " nonsense\n",
		".github/workflows/bad.yml":    "on: push\njobs:\n  b:\n    runs-on: ${{ '" + token + "' + }}\n    env: {T: \"" + token + "\"}\n    steps: [" + token + "]\n",
		"package-lock.json":            "{\"" + token + "\": ",
		"k8s/secret.yaml":              "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: " + token + "}\n",
		"charts/a/Chart.yaml":          "apiVersion: v2\nname: a\nversion: " + token + "\n",
		"charts/a/templates/d.yaml":    "{{ fail \"" + token + "\" }}\n",
		"main.tf":                      "resource \"aws_instance\" \"" + token + "\" {\n  user_data = \"" + other + "\n}\n",
		token + ".txt":                 "the name itself\n",
		"packages.config":              "<packages><package id=\"" + token + "\" version=\"1.0.0\"/></packages>\n",
		"sub/" + token + "/go.mod":     "module x\n\ngo 1.26\n\nrequire golang.org/x/text v0.3.6\n",
		"requirements.txt":             token + "==1.0\n",
		".goldenpath/waivers.yml":      "version: 1\nwaivers:\n  - {id: " + token + ", reason: none of these, owner: ann, expires: 2020-01-01}\n",
		"results/other.sarif":          `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"semgrep"}},"invocations":[{"executionSuccessful":true}],"results":[{"ruleId":"x","message":{"text":"found ` + token + `"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"old.env"},"region":{"startLine":1,"snippet":{"text":"` + token + `"}}}}]}]}]}`,
		"results/broken.sarif":         `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"` + token + `"}},"results":"` + token + `"}]}`,
		"k8s/binary":                   "\x00\x01" + token,
		".github/actions/x/action.yml": "name: x\nruns: {using: composite, steps: [{run: echo " + token + ", shell: " + token + "}]}\n",
	})
	c.git(t, "update-index", "--add", "--cacheinfo", "160000,1234567890123456789012345678901234567890,lib/"+token)
	c.git(t, "add", ".")
	c.git(t, "commit", "-q", "-m", "change")
	dir := t.TempDir()
	c.write(t, map[string]string{"policy/bad.yml": "version: 1\nwaivers:\n  - {id: x, reason: a mistake in it, owner: ann, expires: " + token + "}\n" + token + ": 1\n"})
	for _, args := range [][]string{
		nil, {"--waivers", "policy/bad.yml"}, {"--base", c.base}, {"--base", c.base, "--everything", "--missing-database", "warn"}, {"--json"},
		{"--import-sarif", "results/*.sarif"}, {"--sarif", filepath.Join(dir, "sarif"), "--sbom", filepath.Join(dir, "s.json"), "--vex", filepath.Join(dir, "v.json"), "--summary", filepath.Join(dir, "s.md")},
	} {
		for _, env := range []map[string]string{nil, event(t, "workflow_dispatch", "public", map[string]any{})} {
			r := c.run(t, env, args...)
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					var b []byte
					b, err = os.ReadFile(path)
					r.all[path] = string(b)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.code == 0 {
				t.Errorf("%v: exit 0", args)
			}
			for where, text := range r.all {
				for _, secret := range []string{token, strings.Replace(token, "q7Kd", "w2Rf", 1), other} {
					if i := strings.Index(text, secret); i >= 0 {
						t.Errorf("%v: %s shows a secret: …%s", args, where, strings.ReplaceAll(text[max(0, i-150):i], "\n", "⏎"))
					}
				}
			}
		}
	}
}

// TestNoSecretInPlaces proves GP-GATE-7 for secrets that are not quoted by a scanner:
// in the name of the file it is in, in a waiver that becomes OpenVEX, and in a
// change of the policy that is cut within it.
func TestNoSecretInPlaces(t *testing.T) {
	c := newCheckout(t)
	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	c.write(t, map[string]string{
		token + ".env":            "TOKEN=" + token + "\n",
		".goldenpath/waivers.yml": "version: 1\nwaivers:\n  - {id: CVE-2022-32149, reason: the ticket says " + token + ", owner: ann, expires: \"" + until + "\"}\n",
	})
	base := c.commit(t)
	config := "version: 1\napp: shop\nartifact: {pack: dist, entrypoint: [/shop]}\n"
	c.write(t, map[string]string{"go.mod": "module example.com/shop\n\ngo 1.26\n\nrequire golang.org/x/text v0.3.6\n\n// changed\n"})
	for pad := 15 << 10; ; pad += 4 {
		c.write(t, map[string]string{".goldenpath.yml": config + "# " + strings.Repeat("x", pad) + " " + token + "\n"})
		diff := c.git(t, "diff", "--src-prefix=base/", "--dst-prefix=change/", base, "--", ".goldenpath.yml")
		if at := strings.Index(diff, token); at+len(token)-8 > maxDiff { // all but its end is within
			break
		}
	}
	c.commit(t)
	dir := t.TempDir()
	for _, args := range [][]string{{"--base", base}, {"--sarif", dir, "--vex", filepath.Join(dir, "v.json"), "--sbom", filepath.Join(dir, "s.json")}} {
		r := c.run(t, nil, args...)
		for _, name := range []string{"gitleaks.sarif", "osv-scanner.sarif", "v.json", "s.json"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil && args[0] != "--base" {
				t.Error(err)
			}
			r.all[name] = string(b)
		}
		for where, text := range r.all {
			if i := strings.Index(text, token[:12]); i >= 0 {
				t.Errorf("%v: %s shows a secret or most of it: …%s", args, where, text[max(0, i-80):i])
			}
		}
	}
}

// TestNoSecretQuoted proves GP-GATE-7 for what only the words around it make a
// secret, and for what stands for one: others quote them without these words.
func TestNoSecretQuoted(t *testing.T) {
	c := newCheckout(t)
	value := "zK9" + "fQ2mV7xR4tB8nW3pL6sD1gH5jY0cA"
	coded := base64.StdEncoding.EncodeToString([]byte("token=" + token))
	quotes := `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"semgrep"}},"results":[{"ruleId":"x","message":{"text":"hardcoded ` + value + `"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"conf.py"},"region":{"startLine":1}}}]},` +
		`{"ruleId":"y","message":{"text":"hardcoded ` + coded + ` here"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"conf.py"},"region":{"startLine":1}}}]}]}]}`
	c.write(t, map[string]string{
		"conf.py":                     "API_KEY = \"" + value + "\"\n",
		".github/workflows/other.yml": "on: push\njobs:\n  b:\n    runs-on: " + value + "\n    steps:\n      - {run: echo hi, shell: " + value + "}\n",
	})
	c.commit(t)
	file := filepath.Join(t.TempDir(), "other.sarif")
	if err := os.WriteFile(file, []byte(quotes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := c.run(t, nil, "--import-sarif", file)
	if n := len(r.says(t)); n < 10 {
		t.Errorf("only %d lines", n)
	}
	for where, text := range r.all {
		for _, secret := range []string{value, coded} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s shows a secret: …%s", where, text[max(0, i-80):i])
			}
		}
	}
}
