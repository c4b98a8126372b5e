package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

// previewBench is the sample, packaged, beside a cluster with real pods.
type previewBench struct {
	app, goldenpath, tools, digest string
	count                          int
}

// benchPreview measures previews against what a team would type: helm upgrade
// --install --wait of the same chart with the same image, and a sweep over
// thousands of namespaces against kubectl get namespaces. It needs the cluster
// that run.sh starts.
func benchPreview(ctx context.Context, app string) error {
	b := &previewBench{app: app, tools: os.Getenv("GOLDENPATH_CLUSTER_TOOLS")}
	if os.Getenv("KUBECONFIG") == "" || b.tools == "" {
		fmt.Println("\npreviews: not measured, because there is no cluster; internal/e2e/cluster/cluster.sh starts one as root on Linux")
		return nil
	}
	var err error
	if b.goldenpath, err = filepath.Abs("bin/goldenpath"); err != nil {
		return err
	}
	if err := b.pack(ctx); err != nil {
		return err
	}
	fmt.Println("\npreviews on a cluster of one node, in turns")
	if err := b.deploy(ctx); err != nil {
		return err
	}
	return b.sweeps(ctx)
}

const benchPreviews = `preview:
  target: kubernetes
  chart: charts/where2eat
  replace-image: ghcr.io/acme/where2eat
  set: {service.type: NodePort}
  ready: {path: /healthz, version-path: /version, timeout: 1m}
`

func (b *previewBench) pack(ctx context.Context) error {
	file := filepath.Join(b.app, ".goldenpath.yml")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text = regexp.MustCompile(`(?m)^preview:\n(  .*\n)+`).ReplaceAllLiteral(text, []byte(benchPreviews))
	text = []byte(strings.ReplaceAll(string(text), "image: ghcr.io/acme/where2eat\n  build", "image: localhost:5001/where2eat\n  build"))
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	if _, err := shell(ctx, b.app, "git add -A && git -c user.name=b -c user.email=b@example.com commit -qm preview && "+b.goldenpath+" run --registry remote --until package"); err != nil {
		return err
	}
	out, err := shell(ctx, b.app, `grep -ho '"digest": "sha256:[0-9a-f]*"' .git/goldenpath/runs/*/03-package.json | head -1`)
	if err != nil {
		return err
	}
	b.digest = regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(out)
	return nil
}

// shell runs a line that may reach the cluster.
func (b *previewBench) shell(ctx context.Context, line string) (string, error) {
	return shell(ctx, b.app, "export KUBECONFIG='"+os.Getenv("KUBECONFIG")+"'; "+line)
}

// deploy installs the same chart with the same image in a new namespace.
func (b *previewBench) deploy(ctx context.Context) error {
	var leftovers []string
	ours := &side{name: "preview up", once: func() error {
		b.count++
		_, err := b.shell(ctx, fmt.Sprintf("%s preview up --name pr-%d --digest %s --registry remote", b.goldenpath, b.count, b.digest))
		leftovers = append(leftovers, fmt.Sprintf("%s preview down --name pr-%d", b.goldenpath, b.count))
		return err
	}}
	theirs := &side{name: "helm upgrade --install --wait", once: func() error {
		b.count++
		_, err := b.shell(ctx, fmt.Sprintf("%s/helm upgrade --install where2eat charts/where2eat --wait --namespace helm-%d --create-namespace --set service.type=NodePort --set image.repository=localhost:5001/where2eat --set image.digest=%s",
			b.tools, b.count, b.digest))
		leftovers = append(leftovers, fmt.Sprintf("%s/kubectl delete namespace helm-%d --wait=false", b.tools, b.count))
		return err
	}}
	err := compare("a preview that is ready", ours, theirs)
	for _, line := range leftovers {
		if _, cleanErr := b.shell(ctx, line); cleanErr != nil && err == nil {
			err = cleanErr
		}
	}
	return err
}

// sweeps looks at 1,000 and at 5,000 previews.
func (b *previewBench) sweeps(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	r := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"})
	made := 0
	defer func() {
		var g errgroup.Group
		g.SetLimit(32)
		for i := range made {
			g.Go(func() error { return r.Delete(ctx, namespace(i).GetName(), metav1.DeleteOptions{}) })
		}
		if err := g.Wait(); err != nil {
			fmt.Println("namespaces where2eat-pr-…-bench are left:", err)
		}
	}()
	for _, total := range []int{1000, 5000} {
		var g errgroup.Group
		g.SetLimit(32)
		for ; made < total; made++ {
			o := namespace(made)
			g.Go(func() error {
				_, err := r.Create(ctx, o, metav1.CreateOptions{})
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		time.Sleep(5 * time.Second) // the controllers make a service account and a certificate in each
		var peak int64
		ours := &side{name: "preview sweep", once: func() error {
			rss, err := peakOf(exec.CommandContext(ctx, b.goldenpath, "preview", "sweep", "--dry-run", "true"), b.app)
			peak = max(peak, rss)
			return err
		}}
		var theirPeak int64
		theirs := &side{name: "kubectl get namespaces -l", once: func() error {
			rss, err := peakOf(exec.CommandContext(ctx, filepath.Join(b.tools, "kubectl"), "get", "namespaces", "-l", "goldenpath.seed-b235b314.github.io/kind=preview", "-o", "name"), b.app)
			theirPeak = max(theirPeak, rss)
			return err
		}}
		if err := compare(fmt.Sprintf("a sweep over %d previews", total), ours, theirs); err != nil {
			return err
		}
		fmt.Printf("%-28s peak memory            %8d MiB  %-42s %8d MiB\n", "", peak>>10, "", theirPeak>>10)
	}
	return nil
}

// peakOf runs a command and returns its peak memory in KiB.
func peakOf(cmd *exec.Cmd, dir string) (int64, error) {
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%.500s", cmd.Path, err, out)
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return usage.Maxrss, nil
}

// namespace is an empty namespace with the labels of a preview.
func namespace(i int) *unstructured.Unstructured {
	name := fmt.Sprintf("pr-%d", 10_000+i)
	state, _ := json.Marshal(map[string]any{ // of plain values
		"environment": "preview/" + name, "app": "where2eat", "commit": strings.Repeat("a", 40), "url": "http://" + name + ".preview.example.com", "generation": 1,
		"tags": map[string]any{"owner": "ann", "expires": time.Now().Add(12 * time.Hour).UTC().Truncate(time.Second)},
	})
	const domain = "goldenpath.seed-b235b314.github.io/"
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	o.SetName("where2eat-" + name + "-bench")
	o.SetLabels(map[string]string{
		"bench": "sweep", "app.kubernetes.io/managed-by": "goldenpath", domain + "kind": "preview", domain + "app": "where2eat", domain + "environment": "preview." + name,
	})
	o.SetAnnotations(map[string]string{domain + "state": string(state)})
	return o
}
