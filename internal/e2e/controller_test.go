//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
)

// TestPreviewController installs what goldenpath preview controller prints on a real
// cluster (GP-PREV-14, GP-PREV-5, GP-SAFE-5). Its pod removes an expired preview with no
// token and no checkout; its account, with a token for GitHub, removes a closed one; and it
// can remove no other namespace.
func TestPreviewController(t *testing.T) {
	l := where2eat(t, kubernetesPreview+"  ttl: 1h\n")
	manifest := filepath.Join(t.TempDir(), "controller.yaml")
	code, out := l.run("preview", "controller", "--image", controllerImage(t), "--repository", l.repository(), "--every", "24h", "--output", manifest)
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	t.Cleanup(func() { kubectl(t, "delete", "--ignore-not-found", "--filename", manifest) }) // and wait: the next test uses the namespace
	kubectl(t, "apply", "--filename", manifest)
	name := kubectl(t, "--namespace", "goldenpath", "get", "cronjob", "--output", "jsonpath={.items[0].metadata.name}")

	// A preview that expires, one that stays, and a namespace that is none of it.
	l.open(71, 0)
	l.open(72, 0)
	if code, out := l.run(append(l.upArgs(71, 0), "--ttl", "1m")...); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	l.up(72, 0)
	deadline := time.Now().Add(65 * time.Second)
	other := "none-of-it"
	kubectl(t, "create", "namespace", other)
	t.Cleanup(func() { kubectl(t, "delete", "namespace", other, "--wait=false") })
	time.Sleep(time.Until(deadline))
	log := l.sweepJob(name, "first")
	for _, want := range []string{"1 preview removed, 1 stay", "no GitHub token is set", "expired"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not contain %q:\n%s", want, log)
		}
	}
	if got := l.records(); len(got) != 1 || got[0] != "previews_pr-72.json" {
		t.Errorf("records: %v", got)
	}
	// What people see follows from it, and applying the manifest again keeps the ledger.
	kubectl(t, "apply", "--filename", manifest)
	if code, out := l.run("preview", "list"); code != 0 || !strings.Contains(out, "by the controller, which sweeps every 24h") || !strings.Contains(out, "pr-72") {
		t.Errorf("exit %d\n%s", code, out)
	}

	// The account itself: what it may do, and with a token which pull requests are closed.
	config := filepath.Join(t.TempDir(), "kubeconfig")
	token := kubectl(t, "--namespace", "goldenpath", "create", "token", name)
	text := kubectl(t, "config", "view", "--raw", "--minify", "--flatten")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "--kubeconfig", config, "config", "set-credentials", "controller", "--token", token)
	kubectl(t, "--kubeconfig", config, "config", "set-context", "--current", "--user", "controller")
	may := func(args ...string) (string, bool) {
		b, err := exec.Command(kubectlPath(), append([]string{"--kubeconfig", config}, args...)...).CombinedOutput()
		return string(b), err == nil
	}
	for _, no := range [][]string{
		{"delete", "namespace", other}, {"delete", "namespace", "kube-system"}, {"delete", "namespace", "goldenpath"},
		{"get", "secrets", "--all-namespaces"}, {"get", "pods", "--all-namespaces"}, {"--namespace", "goldenpath", "get", "configmap", name},
		{"create", "namespace", "x"}, {"label", "namespace", other, "a=b"}, {"--namespace", "goldenpath", "delete", "configmap", l.ledger()},
	} {
		if out, ok := may(no...); ok {
			t.Errorf("it may %v: %s", no, out)
		}
	}
	if out, ok := may("delete", "namespace", other); ok || !strings.Contains(out, "this account may remove only previews of where2eat") {
		t.Errorf("%s", out)
	}
	l.close(72)
	l.env = append(l.env, "KUBECONFIG="+config)
	if code, out := l.run("preview", "sweep", "--config", filepath.Join(l.dir, ".goldenpath.yml"), "--repository", l.repository(), "--every", "24h"); code != 0 || !strings.Contains(out, "1 preview removed, 0 stay") || !strings.Contains(out, "closed") {
		t.Errorf("exit %d\n%s", code, out)
	}
	l.gone()
}

// sweepJob runs the controller now, and returns its log.
func (l *lab) sweepJob(cron, job string) string {
	l.t.Helper()
	kubectl(l.t, "--namespace", "goldenpath", "create", "job", "--from=cronjob/"+cron, job)
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
		status := kubectl(l.t, "--namespace", "goldenpath", "get", "job", job, "--output", "jsonpath={.status.succeeded}/{.status.failed}")
		if status != "/" || time.Now().After(end) {
			log := kubectl(l.t, "--namespace", "goldenpath", "logs", "job/"+job)
			if status != "1/" {
				l.t.Fatalf("job %s: %s\n%s\n%s", job, status, log, kubectl(l.t, "--namespace", "goldenpath", "describe", "pods"))
			}
			return log
		}
	}
}

func (l *lab) repository() string {
	_, repository, _ := strings.Cut(l.env[2], "=")
	return repository
}

// controllerImage packs the binary into the cluster's registry, as a release does.
func controllerImage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile(goldenpath(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "goldenpath"), b, 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := artifact.Pack(t.Context(), artifact.PackOptions{
		Dir: dir, Entrypoint: []string{"/goldenpath"}, User: "0", Scratch: t.TempDir(), Platform: v1.Platform{OS: "linux", Architecture: artifact.HostPlatform().Architecture},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	registry, err := artifact.OpenRegistryWith("", "")
	if err != nil {
		t.Fatal(err)
	}
	in, err := registry.Repository("localhost:5001/goldenpath")
	if err != nil {
		t.Fatal(err)
	}
	a, err := in.Push(t.Context(), p.Index)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("localhost:5001/goldenpath@%s", a.Digest)
}
