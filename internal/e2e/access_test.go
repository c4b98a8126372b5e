//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreviewAccess runs the commands that goldenpath preview access prints on a real
// cluster, and then the life of a preview with nothing but the kubeconfig that they make
// (NEWCOMER, "Adopting it on GitHub", 4). Only gh is replaced: it keeps the secret in a
// file.
func TestPreviewAccess(t *testing.T) {
	l := where2eat(t, kubernetesPreview)
	dir := t.TempDir()
	manifest := filepath.Join(dir, "access.yaml")
	code, out := l.run("preview", "access", "--environment", "preview", "--output", manifest)
	_, script, found := strings.Cut(out, "commands for an administrator of the cluster, in this repository\n")
	if code != 0 || !found {
		t.Fatalf("exit %d\n%s", code, out)
	}
	t.Cleanup(func() { kubectl(t, "delete", "--ignore-not-found", "--filename", manifest) }) // and wait: the next test uses the namespace
	script, _, _ = strings.Cut(script, "\npass · ")
	gh := "gh() { cat > '" + dir + "/'\"$3\"; }\n"
	tools := filepath.Dir(kubectlPath())
	cmd := exec.Command("bash", "-euc", gh+"PATH='"+tools+"':$PATH\n"+script)
	cmd.Dir = l.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	l.env = append(l.env, "KUBECONFIG="+filepath.Join(dir, "PREVIEW_KUBECONFIG"))
	l.open(61, 0)
	l.up(61, 0)
	l.open(61, 1)
	address := l.up(61, 1)
	// Until kube-proxy has noticed that the first pod is terminating, a connection may reach it.
	eventually(t, "the second commit answers", func() bool {
		http.DefaultClient.CloseIdleConnections()
		return strings.Contains(get(t, address+"/version"), l.commits[1][:7])
	})
	for _, args := range [][]string{{"preview", "list"}, {"preview", "sweep", "--dry-run", "true"}} {
		if code, out := l.run(args...); code != 0 || !strings.Contains(out, "pr-61") {
			t.Errorf("%v: exit %d\n%s", args, code, out)
		}
	}
	// An app that does not start is diagnosed with its log and its events.
	file := filepath.Join(l.dir, ".goldenpath.yml")
	edit(t, file, "timeout: 1m", "timeout: 10s")
	edit(t, file, "path: /healthz", "path: /missing")
	l.open(62, 0)
	if code, out := l.run(l.upArgs(62, 0)...); code != 1 || strings.Contains(out, "forbidden") {
		t.Errorf("an app that is not ready: exit %d\n%s", code, out)
	}
	l.close(61)
	l.close(62)
	for _, name := range []string{"pr-61", "pr-62"} {
		if code, out := l.run("preview", "down", "--name", name); code != 0 {
			t.Fatalf("down %s: exit %d\n%s", name, code, out)
		}
	}
	l.gone()
	for _, right := range [][]string{{"create", "clusterroles"}, {"create", "pods"}, {"list", "secrets"}, {"create", "serviceaccounts/token"}} {
		cmd := exec.Command(kubectlPath(), append([]string{"auth", "can-i", "--all-namespaces"}, right...)...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "PREVIEW_KUBECONFIG"))
		if out, _ := cmd.CombinedOutput(); strings.TrimSpace(string(out)) != "no" { // can-i exits with 1 for "no"
			t.Errorf("it may %v: %s", right, out)
		}
	}
}
