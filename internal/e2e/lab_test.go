//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
)

// lab is a repository with two packaged commits, a cluster with real pods, and a fake
// GitHub.
type lab struct {
	t       *testing.T
	dir     string
	app     string
	commits [2]string
	digests [2]string
	hub     *githubtest.Server
	env     []string
	numbers map[int]bool // of its pull requests: two labs never share one
}

// packed are the commits of the sample, built once for all tests.
var packed struct {
	sync.Once
	dir     string
	commits [2]string
	digests [2]string
}

// needCluster skips the test if run.sh could not start a cluster, and reports why.
func needCluster(t *testing.T) {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" {
		t.Skip("no cluster: make e2e starts one as root on Linux, or set KUBECONFIG")
	}
}

// where2eat creates a lab with the sample; text configures its previews.
func where2eat(t *testing.T, preview string) *lab {
	t.Helper()
	needCluster(t)
	packed.Do(func() {
		dir, err := os.MkdirTemp("", "goldenpath-e2e-*")
		if err != nil {
			t.Fatal(err)
		}
		packed.dir = filepath.Join(dir, "where2eat")
		if err := os.CopyFS(packed.dir, os.DirFS(filepath.Join(root(t), "testdata/where2eat"))); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(packed.dir, "e2e")); err != nil {
			t.Fatal(err)
		}
		edit(t, filepath.Join(packed.dir, ".goldenpath.yml"), "ghcr.io/acme/where2eat", "localhost:5001/where2eat")
		git(t, packed.dir, "init", "--quiet", "--initial-branch=main")
		for i := range packed.commits {
			edit(t, filepath.Join(packed.dir, "main.go"), `const version = "1.0.`, fmt.Sprintf(`const version = "1.0.%d`, i+1))
			git(t, packed.dir, "add", "--all")
			commit(t, packed.dir, fmt.Sprintf("W2E-%d", i+1))
			packed.commits[i] = git(t, packed.dir, "rev-parse", "HEAD")
			packed.digests[i] = packageHead(t, packed.dir, "--registry", "remote")
		}
	})
	if packed.digests[1] == "" {
		t.Fatal("the sample could not be packaged: the first test that needs it reports why")
	}
	l := &lab{t: t, dir: filepath.Join(t.TempDir(), "where2eat"), app: "where2eat", commits: packed.commits, digests: packed.digests}
	git(t, filepath.Dir(l.dir), "clone", "--quiet", packed.dir, l.dir)
	l.configure(preview)
	l.serve()
	return l
}

func edit(t *testing.T, file, old, new string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

var digestLine = regexp.MustCompile(`"digest": "(sha256:[0-9a-f]{64})"`)

// packageHead builds the tip of a repository and returns its digest.
func packageHead(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if code, out := run(t, dir, append([]string{"run", "--until", "package"}, args...)...); code != 0 {
		t.Fatalf("package: exit %d\n%s", code, out)
	}
	head := git(t, dir, "rev-parse", "HEAD")
	b, err := os.ReadFile(filepath.Join(dir, ".git/goldenpath/runs", head[:12], "03-package.json"))
	if err != nil {
		t.Fatal(err)
	}
	m := digestLine.FindSubmatch(b)
	if m == nil {
		t.Fatalf("no digest in %s", b)
	}
	return string(m[1])
}

// configure replaces the preview section of the configuration with text.
func (l *lab) configure(preview string) {
	l.t.Helper()
	file := filepath.Join(l.dir, ".goldenpath.yml")
	b, err := os.ReadFile(file)
	if err != nil {
		l.t.Fatal(err)
	}
	section := regexp.MustCompile(`(?m)^preview:\n(  .*\n)+`)
	if !section.Match(b) {
		l.t.Fatal("the sample has no section preview")
	}
	if err := os.WriteFile(file, section.ReplaceAllLiteral(b, []byte("preview:\n"+preview)), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// serve starts the fake GitHub of this lab.
func (l *lab) serve() {
	l.t.Helper()
	// Each lab has a repository of its own, so that its sweeps do not see the previews
	// of other labs.
	repository := "acme/" + strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(l.t.Name(), "-"))
	l.hub = githubtest.New(repository)
	stop, err := l.hub.Serve("127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		_ = stop()
		for _, v := range l.hub.Violations() {
			l.t.Error(v)
		}
	})
	l.env = []string{"GITHUB_API_URL=" + l.hub.URL, "GITHUB_TOKEN=job", "GITHUB_REPOSITORY=" + repository}
	l.t.Cleanup(l.removeAll)
}

// open opens a pull request whose head is commit 0 or 1 of the lab.
func (l *lab) open(number, commit int) {
	l.own(number)
	l.hub.SetPull(githubtest.Pull{Number: number, Head: l.commits[commit], Branch: "feature", Author: "ann", Title: "W2E-1: a change"})
}

func (l *lab) own(number int) {
	if l.numbers == nil {
		l.numbers = map[int]bool{}
	}
	l.numbers[number] = true
}

func (l *lab) close(number int) {
	l.hub.SetPull(githubtest.Pull{Number: number, Head: l.commits[0], Branch: "feature", Author: "ann", State: "closed", Closed: time.Now()})
}

func (l *lab) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	l.t.Helper()
	cmd, out := command(l.t, l.dir, args...)
	cmd.Env = append(os.Environ(), l.env...)
	return cmd, out
}

func (l *lab) run(args ...string) (int, string) {
	l.t.Helper()
	cmd, out := l.command(args...)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		l.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func (l *lab) upArgs(number, commit int) []string {
	return []string{"preview", "up", "--name", fmt.Sprintf("pr-%d", number), "--digest", l.digests[commit], "--head", l.commits[commit], "--registry", "remote", "--report", l.report()}
}

func (l *lab) report() string { return filepath.Join(filepath.Dir(l.dir), "report.json") }

// up creates a preview and expects it to work.
func (l *lab) up(number, commit int) string {
	l.t.Helper()
	if code, out := l.run(l.upArgs(number, commit)...); code != 0 {
		l.t.Fatalf("preview up pr-%d: exit %d\n%s", number, code, out)
	}
	return l.output("url")
}

// output returns an output of the last report.
func (l *lab) output(name string) string {
	l.t.Helper()
	b, err := os.ReadFile(l.report())
	if err != nil {
		l.t.Fatal(err)
	}
	var r struct {
		Outputs []struct{ Name, Value string }
	}
	if err := json.Unmarshal(b, &r); err != nil {
		l.t.Fatal(err)
	}
	for _, o := range r.Outputs {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// kubectl runs kubectl against the cluster.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(kubectlPath(), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func kubectlPath() string {
	if dir := os.Getenv("GOLDENPATH_CLUSTER_TOOLS"); dir != "" {
		return filepath.Join(dir, "kubectl")
	}
	return "kubectl"
}

// namespaces returns the preview namespaces of this lab, even those that lost their
// labels.
func (l *lab) namespaces() []string {
	l.t.Helper()
	var mine []string
	for _, name := range strings.Fields(kubectl(l.t, "get", "namespaces", "-o", "jsonpath={.items[*].metadata.name}")) {
		rest, ok := strings.CutPrefix(name, l.app+"-pr-")
		text, _, _ := strings.Cut(rest, "-")
		if number, err := strconv.Atoi(text); ok && err == nil && l.numbers[number] {
			mine = append(mine, name)
		}
	}
	return mine
}

// gone asserts that nothing is left: no namespace, and no record in the ledger.
func (l *lab) gone() {
	l.t.Helper()
	if left := l.namespaces(); len(left) > 0 {
		l.t.Errorf("left: %v", left)
	}
	if records := l.records(); len(records) > 0 {
		l.t.Errorf("the ledger still lists %v", records)
	}
}

// records returns the previews that the ledger lists as existing. The cluster keeps it.
func (l *lab) records() (all []string) {
	l.t.Helper()
	text := kubectl(l.t, "--namespace", kubernetes.Home, "get", "configmap", l.ledger(), "--ignore-not-found", "--output", "go-template={{range $k, $v := .data}}{{$k}} {{end}}")
	for _, key := range strings.Fields(text) {
		if strings.HasPrefix(key, "previews_") {
			all = append(all, key)
		}
	}
	return all
}

func (l *lab) ledger() string {
	_, repository, _ := strings.Cut(l.env[2], "=")
	return kubernetes.LedgerName(l.app, repository)
}

// removeAll restores the cluster, also after a failed test.
func (l *lab) removeAll() {
	kubectl(l.t, "--namespace", kubernetes.Home, "delete", "configmap", l.ledger(), "--ignore-not-found")
	for _, ns := range l.namespaces() {
		kubectl(l.t, "delete", "namespace", ns, "--wait=false")
	}
	for end := time.Now().Add(time.Minute); len(l.namespaces()) > 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("the cluster is not clean: %v", l.namespaces())
		}
	}
}

// clusterScoped lists every object of the cluster that is not in a namespace.
func clusterScoped(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, kind := range strings.Fields(kubectl(t, "api-resources", "--namespaced=false", "--verbs=list", "-o", "name")) {
		switch kind {
		case "componentstatuses", "flowschemas.flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io":
			continue
		}
		all = append(all, strings.Fields(kubectl(t, "get", kind, "-o", "name"))...)
	}
	// The records of all previews are in it, and stay.
	all = slices.DeleteFunc(all, func(name string) bool { return name == "namespace/goldenpath" })
	slices.Sort(all)
	return all
}

const kubernetesPreview = `  target: kubernetes
  chart: charts/where2eat
  replace-image: ghcr.io/acme/where2eat
  set: {service.type: NodePort}
  ready: {path: /healthz, version-path: /version, timeout: 1m}
`
