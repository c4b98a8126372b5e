package path

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A command that is stopped while it waits for the cluster leaves no file with the
// kubeconfig that it was passed as text.
func TestKubeconfigAfterSignal(t *testing.T) {
	const token = "canary-token-of-the-cluster"
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			dir := t.TempDir()
			repo := filepath.Join(dir, "repo")
			configuration := `version: 1
app: hello
artifact: {image: registry.example.com/acme/hello, pack: built, entrypoint: [/hello]}
preview: {target: kubernetes, manifests: deploy}
environments: {production: {}}
`
			if err := os.Mkdir(repo, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(repo, ".goldenpath.yml"), []byte(configuration), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("git", "init", "-q", repo).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			asked, release := make(chan string, 10), make(chan struct{})
			server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked <- r.Header.Get("Authorization")
				<-release
			}))
			defer server.Close()
			defer close(release)
			cmd := exec.Command("goldenpath", "preview", "list", "--repo", repo)
			cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "RUNNER_TEMP="+dir, "TMPDIR="+dir, "HOME="+dir, "INPUT_KUBECONFIG="+fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: %s}}]
contexts: [{name: here, context: {cluster: here, user: me}}]
`, server.URL, token))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if got := <-asked; got != "Bearer "+token {
				t.Errorf("the cluster was asked with %q", got)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("a stopped command succeeded")
			}
			if out, err := exec.Command("grep", "-rl", token, dir).CombinedOutput(); err == nil {
				t.Errorf("the token is in %s", out)
			}
		})
	}
}
