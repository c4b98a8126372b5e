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

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	gitrun "github.com/seed-b235b314/goldenpath/internal/git"
	gitledger "github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
)

// GP-PREV-4: the clock of the machine that creates a preview is an hour ahead, and that
// of the one that sweeps an hour behind. Only the cluster's clock is used.
func TestFaultClockSkew(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.own(95)
	registry, err := artifact.OpenRegistry("")
	if err != nil {
		t.Fatal(err)
	}
	repository, err := registry.Repository("localhost:5001/where2eat")
	if err != nil {
		t.Fatal(err)
	}
	const ttl = 20 * time.Second
	policy := preview.Policy{App: "where2eat", Repository: "acme/skew", TTL: ttl, MaxTTL: time.Hour, Limits: budget.Limits{SweepEvery: time.Minute, Currency: "USD"}}
	machine := func(skew time.Duration) preview.Deps {
		now := func() time.Time { return time.Now().Add(skew) }
		return preview.Deps{
			Target: &kubernetes.Target{
				App: "where2eat", Repository: policy.Repository, Dir: l.dir, ReplaceImage: "ghcr.io/acme/where2eat",
				Source: render.Source{Chart: "charts/where2eat", Set: map[string]any{"service.type": "NodePort"}},
			},
			Repository: repository, Reference: repository.Pull, Ledger: &gitledger.Ledger{Git: gitrun.Own(l.dir), Now: now}, Now: now, By: "skew",
		}
	}
	began := time.Now()
	up, err := preview.Up(t.Context(), machine(time.Hour), preview.UpOptions{
		Policy: policy, Name: "pr-95", Digest: l.digests[0], Ready: target.Ready{Path: "/healthz", Timeout: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	expires, err := time.Parse(time.RFC3339, up.Output("expires"))
	if err != nil || expires.Before(began.Add(ttl-5*time.Second)) || expires.After(time.Now().Add(ttl+5*time.Second)) {
		t.Errorf("it expires %s, created %s with a life of %s: %v", expires, began, ttl, err)
	}
	ahead, err := preview.Sweep(t.Context(), machine(2*time.Hour), preview.SweepOptions{Policy: policy})
	if err != nil || time.Now().Before(expires) && ahead.Output("removed") != "0" {
		t.Errorf("a clock that is ahead removed it early: %s, %v", ahead.Title, err)
	}
	for time.Now().Before(expires.Add(2 * time.Second)) {
		time.Sleep(time.Second)
	}
	behind, err := preview.Sweep(t.Context(), machine(-time.Hour), preview.SweepOptions{Policy: policy})
	if err != nil || behind.Output("removed") != "1" {
		t.Errorf("a clock that is behind kept it: %s, %v", behind.Title, err)
	}
	l.gone()
}

// GP-PROM-1: staging and production are deployed by the same code as previews: the
// tested digest is deployed, read back from the cluster, and rolled back.
func TestPromoteOnKubernetes(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	file := filepath.Join(l.dir, ".goldenpath.yml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "environments:\n")
	_, after, _ := strings.Cut(rest, "gate:")
	const environment = "{%starget: kubernetes, chart: charts/where2eat, set: {service.type: NodePort}, replace-image: ghcr.io/acme/where2eat, namespace: promote-%s, soak: {for: 1s, at-least: 5}}"
	write(t, file, before+"environments:\n  staging: "+fmt.Sprintf(environment, "", "staging")+"\n  production: "+fmt.Sprintf(environment, "from: staging, ", "production")+"\ngate:"+after)
	t.Cleanup(func() {
		kubectl(t, "delete", "namespace", "promote-staging", "promote-production", "--ignore-not-found", "--wait=false")
	})
	var digests []string
	for i := range 2 {
		edit(t, filepath.Join(l.dir, "main.go"), `const version = "1.0.`, fmt.Sprintf(`const version = "1.0.%d`, i))
		git(t, l.dir, "add", "--all")
		commit(t, l.dir, fmt.Sprintf("W2E-1: release %d", i))
		digests = append(digests, packageHead(t, l.dir, "--registry", "remote"))
		if code, out := l.run("run", "--registry", "remote", "--until", "scorecard"); code != 0 {
			t.Fatalf("run: exit %d\n%s", code, out)
		}
		for _, name := range []string{"staging", "production"} {
			code, out := l.run("promote", "--environment", name, "--digest", digests[i], "--registry", "remote", "--report", l.report())
			if code != 0 || !strings.HasPrefix(l.output("url"), "http://") {
				t.Fatalf("promote into %s: exit %d\n%s", name, code, out)
			}
			image := kubectl(t, "-n", "promote-"+name, "get", "deployment", "where2eat", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
			if image != "localhost:5001/where2eat@"+digests[i] {
				t.Errorf("%s runs %s", name, image)
			}
		}
	}
	if code, out := l.run("rollback", "--environment", "production", "--reason", "a drill", "--registry", "remote"); code != 0 {
		t.Fatalf("rollback: exit %d\n%s", code, out)
	}
	image := kubectl(t, "-n", "promote-production", "get", "deployment", "where2eat", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	if image != "localhost:5001/where2eat@"+digests[0] {
		t.Errorf("after the rollback production runs %s", image)
	}
}

// The battery in a real browser: the worked example of testdata/where2eat/e2e runs
// against the preview of the sample, and its JUnit report is counted (GP-PATH-6).
func TestBrowserBattery(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "where2eat")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "testdata/where2eat"))); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{"dist", "reports", "e2e/node_modules"} {
		if err := os.RemoveAll(filepath.Join(dir, left)); err != nil {
			t.Fatal(err)
		}
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, ".goldenpath.yml"), "battery:\n", "battery:\n  e2e: {run: \"CHROMIUM="+chromium+" PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix e2e --silent --no-audit --no-fund && CHROMIUM="+chromium+" npm test --prefix e2e\", junit: reports/e2e/*.xml}\n")
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	git(t, dir, "add", "--all")
	commit(t, dir, "W2E-1: tried in a browser")
	t.Cleanup(func() { run(t, dir, "down") })
	code, out := run(t, dir, "run", "--until", "battery")
	if code != 0 || !strings.Contains(out, "battery") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	head := git(t, dir, "rev-parse", "HEAD")
	b, err := os.ReadFile(filepath.Join(dir, ".git/goldenpath/runs", head[:12], "06-battery.json"))
	if err != nil || !strings.Contains(string(b), "e2e") || !strings.Contains(string(b), ".xml") {
		t.Errorf("the battery's report has no JUnit of the browser: %v\n%s", err, b)
	}
}
