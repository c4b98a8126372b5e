//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPreviewOnKubernetes is the life of a preview on real pods: up, an update that no
// probe notices, close, and nothing left (GP-PREV-1, 3, 5, 9, 12).
func TestPreviewOnKubernetes(t *testing.T) {
	l := where2eat(t, kubernetesPreview+"  seed: go run ./internal/seed\n")
	before := clusterScoped(t)
	l.open(12, 0)
	address := l.up(12, 0)
	if got := get(t, address+"/version"); !strings.Contains(got, l.commits[0][:7]) {
		t.Errorf("/version: %s", got)
	}
	if got := get(t, address+"/results?poll=demo"); !strings.Contains(got, "{") {
		t.Errorf("the seed is not there: %s", got)
	}
	probe, stop := probing(t, address+"/healthz")
	l.open(12, 1)
	start := time.Now()
	if again := l.up(12, 1); again != address {
		t.Errorf("the address moved from %s to %s", address, again)
	}
	t.Logf("updated in %s", time.Since(start).Round(time.Millisecond))
	time.Sleep(5 * time.Second) // the old pods are terminating: no request may still go to them
	stop()
	if n, failed := probe.asked.Load(), probe.failed.Load(); failed > 0 || n < 100 {
		t.Errorf("%d of %d probes failed while the preview was updated: %v", failed, n, probe.last.Load())
	}
	if got := get(t, address+"/version"); !strings.Contains(got, l.commits[1][:7]) {
		t.Errorf("/version after the update: %s", got)
	}
	if all := l.hub.Comments(12); len(all) != 1 || !strings.Contains(all[0].Body, address) {
		t.Errorf("comments: %+v", all)
	}
	states := ""
	for _, d := range l.hub.Deployments("preview/pr-12") {
		states += d.State() + " "
	}
	if states != "inactive success " {
		t.Errorf("deployments: %q", states)
	}
	l.close(12)
	if code, out := l.run("preview", "down", "--name", "pr-12", "--report", l.report()); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	l.gone()
	if diff := cmp.Diff(before, clusterScoped(t)); diff != "" {
		t.Errorf("objects of the cluster (-before +after):\n%s", diff)
	}
	if all := l.hub.Comments(12); len(all) != 1 || !strings.Contains(all[0].Body, "is removed") {
		t.Errorf("comments after the close: %+v", all)
	}
	if releases := kubectl(t, "get", "secrets", "-A", "--field-selector", "type=helm.sh/release.v1", "-o", "name"); releases != "" {
		t.Errorf("releases left: %s", releases)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

type probes struct {
	asked, failed atomic.Int64
	last          atomic.Value
}

// probing requests an address repeatedly, on a new connection each time.
func probing(t *testing.T, address string) (*probes, func()) {
	p := &probes{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			res, err := client.Get(address)
			p.asked.Add(1)
			switch {
			case err != nil:
				p.failed.Add(1)
				p.last.Store(err.Error())
			default:
				res.Body.Close()
				if res.StatusCode != http.StatusOK {
					p.failed.Add(1)
					p.last.Store(res.Status)
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return p, func() { cancel(); <-done }
}

// TestPreviewByIngress requests a preview by its host, through the cluster's ingress,
// and rejects a host that belongs to another preview.
func TestPreviewByIngress(t *testing.T) {
	t.Parallel()
	l := where2eat(t, `  target: kubernetes
  chart: charts/where2eat
  replace-image: ghcr.io/acme/where2eat
  url: http://pr-{number}.preview.example.com
  set: {ingress.enabled: true, ingress.host: "{host}"}
  ready: {path: /healthz, version-path: /version, timeout: 2m}
`)
	l.open(3, 0)
	l.env = append(l.env, "HTTP_PROXY=http://127.0.0.1:8081", "NO_PROXY=127.0.0.1,localhost")
	if got := l.up(3, 0); got != "http://pr-3.preview.example.com" {
		t.Errorf("url %s", got)
	}
	proxy, err := url.Parse("http://127.0.0.1:8081")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	res, err := client.Get("http://pr-3.preview.example.com/version")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !strings.Contains(string(b), l.commits[0][:7]) {
		t.Errorf("%s %s %v", res.Status, b, err)
	}
	edit(t, filepath.Join(l.dir, ".goldenpath.yml"), `"{host}"`, "www.example.com")
	if code, out := l.run(l.upArgs(3, 0)...); code != 1 || !strings.Contains(out, "Ingress/where2eat: spec.rules: it claims the host www.example.com") {
		t.Errorf("another's host: exit %d\n%s", code, out)
	}
}

// podinfo is a third-party service, with its unchanged chart.
const (
	podinfo       = "github.com/stefanprodan/podinfo"
	podinfoModule = podinfo + "@v1.8.1-0.20250910200901-e86405a8674e"
)

// TestForeignChart creates a preview of a public microservice with its own unchanged
// chart. The chart sets no users, capabilities or limits, and still runs under the
// restricted policy.
func TestForeignChart(t *testing.T) {
	t.Parallel()
	needCluster(t)
	l := &lab{t: t, dir: filepath.Join(t.TempDir(), "podinfo"), app: "podinfo"}
	out, err := exec.Command("go", "mod", "download", "-modcacherw", "-json", podinfoModule).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), `"Dir": "`)
	source, _, _ := strings.Cut(rest, `"`)
	if err := os.CopyFS(l.dir, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chmod", "-R", "u+w", l.dir).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	write(t, filepath.Join(l.dir, ".goldenpath.yml"), `version: 1
app: podinfo
artifact:
  image: localhost:5001/podinfo
  build: CGO_ENABLED=0 go build -ldflags "-s -w -X github.com/stefanprodan/podinfo/pkg/version.REVISION=$GOLDENPATH_COMMIT" -o dist/podinfo ./cmd/podinfo && CGO_ENABLED=0 go build -o dist/usr/local/bin/podcli ./cmd/podcli && cp -r ui dist/
  pack: dist
  entrypoint: [/podinfo]
preview:
  target: kubernetes
  chart: charts/podinfo
  replace-image: ghcr.io/stefanprodan/podinfo
  set: {service.type: NodePort}
  ready: {path: /healthz, version-path: /version, timeout: 2m}
`)
	git(t, l.dir, "init", "--quiet", "--initial-branch=main")
	git(t, l.dir, "add", "--all", "--force")
	commit(t, l.dir, "as it is")
	l.commits[0] = git(t, l.dir, "rev-parse", "HEAD")
	l.digests[0] = packageHead(t, l.dir, "--registry", "remote")
	l.serve()
	l.open(7, 0)
	address := l.up(7, 0)
	if got := get(t, address+"/version"); !strings.Contains(got, l.commits[0]) {
		t.Errorf("/version: %s", got)
	}
	ns := l.namespaces()[0]
	if enforce := kubectl(t, "get", "namespace", ns, "-o", `jsonpath={.metadata.labels.pod-security\.kubernetes\.io/enforce}`); enforce != "restricted" {
		t.Errorf("pod security %q", enforce)
	}
	if changed := git(t, l.dir, "status", "--porcelain", "--", "charts"); changed != "" {
		t.Errorf("the chart was changed: %s", changed)
	}
	l.close(7)
	if code, out := l.run("preview", "down", "--name", "pr-7"); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	l.gone()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestKustomizeAndManifests deploys the same app from the other two sources.
func TestKustomizeAndManifests(t *testing.T) {
	t.Parallel()
	for i, source := range []string{"kustomize: deploy/kustomize", "manifests: deploy/kustomize/manifests"} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			l := where2eat(t, "  target: kubernetes\n  "+source+"\n  replace-image: ghcr.io/acme/where2eat\n  ready: {path: /healthz, version-path: /version}\n  url: http://{name}.preview.example.com\n")
			write(t, filepath.Join(l.dir, "deploy/kustomize/manifests/ingress.yaml"), fmt.Sprintf(`apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: where2eat}
spec:
  rules:
    - host: pr-%d.preview.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: where2eat, port: {name: http}}}}]}
`, 20+i))
			if strings.HasPrefix(source, "kustomize") {
				edit(t, filepath.Join(l.dir, "deploy/kustomize/kustomization.yaml"), "- manifests/service.yaml", "- manifests/service.yaml\n  - manifests/ingress.yaml")
			}
			l.env = append(l.env, "HTTP_PROXY=http://127.0.0.1:8081", "NO_PROXY=127.0.0.1,localhost")
			l.open(20+i, 0)
			l.up(20+i, 0)
			l.open(20+i, 1)
			l.up(20+i, 1)
			l.close(20 + i)
			if code, out := l.run("preview", "sweep"); code != 0 {
				t.Errorf("exit %d\n%s", code, out)
			}
			l.gone()
		})
	}
}
