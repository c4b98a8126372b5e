package kubernetes

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const canary = "canary-token-of-the-cluster"

func kubeconfigText(server string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: %s}}]
contexts: [{name: here, context: {cluster: here, user: me}}, {name: other, context: {cluster: here, user: none}}]
`, server, canary)
}

// A kubeconfig passed as text is in no file, not even while it is in use: a process
// that is killed at that moment leaves nothing behind.
func TestKubeconfigTextIsNeverWritten(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"HOME", "TMPDIR", "RUNNER_TEMP"} {
		t.Setenv(name, filepath.Join(dir, name))
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "repo"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "repo"))
	var authorization string
	var found []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		found = filesWith(t, dir, canary)
		fmt.Fprint(w, `{"major":"1","minor":"34","gitVersion":"v1.34.0"}`)
	}))
	defer server.Close()
	target := &Target{Kubeconfig: kubeconfigText(server.URL), Dir: "."}
	if _, err := target.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	if authorization != "Bearer "+canary {
		t.Errorf("the server was asked with %q", authorization)
	}
	authorization = ""
	for _, wrapped := range []string{"", "\n"} { // as base64 of GNU and of macOS print it
		text := base64.StdEncoding.EncodeToString([]byte(kubeconfigText(server.URL)))
		target := &Target{Kubeconfig: text[:76] + wrapped + text[76:] + wrapped, Dir: "."}
		if _, err := target.Now(t.Context()); err != nil || authorization != "Bearer "+canary {
			t.Errorf("in base64: the server was asked with %q: %v", authorization, err)
		}
	}
	if found = append(found, filesWith(t, dir, canary)...); len(found) > 0 {
		t.Errorf("the kubeconfig is in %q", found)
	}
}

func filesWith(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}

func TestKubeconfig(t *testing.T) {
	text := kubeconfigText("https://cluster.example.com")
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ given, context, token, err string }{
		"text":                      {text, "", canary, ""},
		"file":                      {file, "", canary, ""},
		"text with another context": {text, "other", "", ""},
		"text with CRLF":            {strings.ReplaceAll(text, "\n", "\r\n"), "", canary, ""},
		"text without the context":  {text, "third", "", `context "third" does not exist`},
		"broken text":               {text + "]", "", "", "the kubeconfig is invalid"},
		"no such file":              {file + "s", "", "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			loader, err := kubeconfig(tt.given, tt.context)
			if err == nil {
				config, loadErr := loader.ClientConfig()
				if err = loadErr; err == nil && (config.Host != "https://cluster.example.com" || config.BearerToken != tt.token) {
					t.Errorf("host %s, token %q", config.Host, config.BearerToken)
				}
			}
			switch {
			case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("error %v, want %q", err, tt.err)
			case err != nil && strings.Contains(err.Error(), canary):
				t.Errorf("the error quotes the token: %v", err)
			}
		})
	}
}
