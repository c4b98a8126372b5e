//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// Each fault ends with nothing left, and with a report of what happened.

func (l *lab) sweep(want int) string {
	l.t.Helper()
	code, out := l.run("preview", "sweep")
	if code != want {
		l.t.Errorf("sweep: exit %d, want %d\n%s", code, want, out)
	}
	return out
}

// follow starts a command and calls at with each line it prints, until at returns true.
// The returned function waits for the command to end.
func (l *lab) follow(at func(line string, cmd *exec.Cmd) bool, args ...string) (wait func() (int, string)) {
	l.t.Helper()
	cmd, _ := l.command(args...)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	var out strings.Builder
	done := make(chan struct{})
	go func() {
		defer close(done)
		hit := false
		for lines := bufio.NewScanner(r); lines.Scan(); {
			out.WriteString(lines.Text() + "\n")
			hit = hit || at(lines.Text(), cmd)
		}
	}()
	return func() (int, string) {
		_ = cmd.Wait() // the exit code is read below
		w.Close()
		<-done
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

func phase(name string) func(string) bool {
	return func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), name+" ") }
}

// GP-PREV-5: the close event never arrived.
func TestFaultNoCloseEvent(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.open(31, 0)
	l.open(32, 0)
	l.up(31, 0)
	l.up(32, 0)
	l.close(31)
	if code, out := l.run("preview", "sweep", "--dry-run", "true"); code != 0 || !strings.Contains(out, "would remove pr-31") || len(l.namespaces()) != 2 {
		t.Errorf("dry run: exit %d, %v\n%s", code, l.namespaces(), out)
	}
	if out := l.sweep(0); !strings.Contains(out, "1 preview removed, 1 stay") || len(l.namespaces()) != 1 {
		t.Errorf("%v\n%s", l.namespaces(), out)
	}
	l.close(32)
	l.sweep(0)
	l.gone()
}

// GP-PREV-6: a build in progress does not recreate a closed preview.
func TestFaultCloseDuringBuild(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.open(33, 0)
	l.close(33)
	if code, out := l.run(l.upArgs(33, 0)...); code != 0 || !strings.Contains(out, "pull request 33 is closed") {
		t.Errorf("exit %d\n%s", code, out)
	}
	l.gone()
}

// GP-PREV-6: the pull request is closed, and its close job runs, while the preview is
// being applied. In either order nothing is left.
func TestFaultCloseDuringApply(t *testing.T) {
	t.Parallel()
	for i, at := range []string{"budget", "render", "apply"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			l := where2eat(t, kubernetesPreview)
			number := 34 + i
			l.open(number, 0)
			name := fmt.Sprintf("pr-%d", number)
			var downCode int
			var downOut string
			var down sync.WaitGroup
			matches := phase(at)
			wait := l.follow(func(line string, _ *exec.Cmd) bool {
				if !matches(line) {
					return false
				}
				l.close(number)
				down.Go(func() { downCode, downOut = l.run("preview", "down", "--name", name) })
				return true
			}, l.upArgs(number, 0)...)
			code, out := wait()
			down.Wait()
			if code != 0 || !strings.Contains(out, "is closed") {
				t.Errorf("up: exit %d\n%s", code, out)
			}
			if downCode != 0 {
				t.Errorf("down: exit %d\n%s", downCode, downOut)
			}
			l.gone()
		})
	}
}

// GP-PREV-1: SIGKILL in every phase of up and of down, then the same command again.
func TestFaultKilledInEveryPhase(t *testing.T) {
	t.Parallel()
	for i, at := range []string{"budget", "render", "apply", "wait", "ready", "seed"} {
		t.Run(at, func(t *testing.T) { killedAt(t, at, 40+i, i%2 == 0) })
	}
}

func killedAt(t *testing.T, at string, number int, again bool) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview+"  seed: go run ./internal/seed\n")
	l.open(number, 0)
	matches := phase(at)
	wait := l.follow(func(line string, cmd *exec.Cmd) bool {
		if !matches(line) {
			return false
		}
		_ = cmd.Process.Kill() // it may have ended already
		return true
	}, l.upArgs(number, 0)...)
	code, out := wait()
	t.Logf("killed at %s: exit %d", at, code)
	if !strings.Contains(out, at) {
		t.Fatalf("phase %s was never logged:\n%s", at, out)
	}
	if again {
		l.up(number, 0) // running it again repairs it
	}
	// Down is killed at four moments, then run again.
	l.close(number)
	name := fmt.Sprintf("pr-%d", number)
	for _, after := range []time.Duration{20 * time.Millisecond, 60 * time.Millisecond, 200 * time.Millisecond, time.Second} {
		cmd, _ := l.command("preview", "down", "--name", name)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if code, out := l.run("preview", "down", "--name", name); code != 0 {
		t.Errorf("down again: exit %d\n%s", code, out)
	}
	l.gone()
}

// The API server is unavailable for 20 seconds in the middle of an up, and of a down.
func TestFaultNoAPIServer(t *testing.T) {
	l := where2eat(t, kubernetesPreview)
	script := filepath.Join(root(t), "internal/e2e/cluster/cluster.sh")
	if exec.Command(script, "status").Run() != nil {
		t.Skip("the cluster was not started by cluster.sh, so its API server cannot be stopped")
	}
	l.open(50, 0)
	var pause sync.WaitGroup
	away := func(line string, _ *exec.Cmd) bool {
		if !phase("render")(line) {
			return false
		}
		pause.Go(func() {
			if out, err := exec.Command(script, "pause-api", "20").CombinedOutput(); err != nil {
				t.Errorf("pause-api: %v\n%s", err, out)
			}
		})
		time.Sleep(300 * time.Millisecond)
		return true
	}
	start := time.Now()
	code, out := l.follow(away, l.upArgs(50, 0)...)()
	pause.Wait()
	if code != 0 || time.Since(start) < 15*time.Second {
		t.Errorf("up: exit %d after %s\n%s", code, time.Since(start), out)
	}
	pause.Go(func() { _ = exec.Command(script, "pause-api", "20").Run() })
	time.Sleep(300 * time.Millisecond)
	l.close(50)
	if code, out := l.run("preview", "down", "--name", "pr-50"); code != 0 {
		t.Errorf("down: exit %d\n%s", code, out)
	}
	pause.Wait()
	l.gone()
}

// A namespace that a finalizer blocks is reported with its cause, within a time limit,
// and removed by a later attempt.
func TestFaultFinalizer(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.open(51, 0)
	l.up(51, 0)
	ns := l.namespaces()[0]
	kubectl(t, "-n", ns, "create", "configmap", "held")
	kubectl(t, "-n", ns, "patch", "configmap", "held", "--type=merge", "-p", `{"metadata":{"finalizers":["example.com/never"]}}`)
	release := func() {
		_ = exec.Command(kubectlPath(), "-n", ns, "patch", "configmap", "held", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`).Run()
	}
	defer release()
	l.close(51)
	start := time.Now()
	code, out := l.run("preview", "down", "--name", "pr-51", "--removal-timeout", "8s")
	if code != 3 || !strings.Contains(out, "ConfigMap/held has the finalizer example.com/never") || time.Since(start) > 30*time.Second {
		t.Errorf("exit %d after %s\n%s", code, time.Since(start), out)
	}
	if code, out := l.run("preview", "sweep", "--removal-timeout", "5s"); code != 3 || !strings.Contains(out, "ConfigMap/held") {
		t.Errorf("sweep while it is held: exit %d\n%s", code, out)
	}
	release()
	l.sweep(0)
	l.gone()
}

// Two concurrent ups end with one generation that serves, and both report it.
func TestFaultTwoAtOnce(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.open(52, 0)
	var both sync.WaitGroup
	outs, codes := make([]string, 2), make([]int, 2)
	for i := range 2 {
		both.Go(func() {
			cmd, out := command(t, l.dir, "preview", "up", "--name", "pr-52", "--digest", l.digests[0], "--head", l.commits[0], "--registry", "remote")
			cmd.Env = append(os.Environ(), l.env...)
			_ = cmd.Run()
			codes[i], outs[i] = cmd.ProcessState.ExitCode(), out.String()
		})
	}
	both.Wait()
	ready := 0
	for i := range 2 {
		if codes[i] != 0 {
			t.Errorf("exit %d\n%s", codes[i], outs[i])
		}
		if strings.Contains(outs[i], "is ready at") {
			ready++
		}
	}
	if len(l.namespaces()) != 1 || ready == 0 {
		t.Errorf("%v, %d ready\n%s\n%s", l.namespaces(), ready, outs[0], outs[1])
	}
	l.close(52)
	l.sweep(0)
	l.gone()
}

// An app that does not become ready is reported with the cause, well before its timeout of 4
// minutes, and removed with its pull request.
func TestFaultNotReady(t *testing.T) {
	t.Parallel()
	extra := func(kind string) string {
		return "  target: kubernetes\n  manifests: broken\n  replace-image: ghcr.io/acme/where2eat\n  ready: {path: /healthz, timeout: " + kind + "}\n"
	}
	pod := func(name, image, more string) string {
		return fmt.Sprintf(`---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  replicas: 1
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      containers:
        - name: app
          image: %s
          securityContext: {runAsUser: 65532}
%s
`, name, image, more)
	}
	service := `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
`
	const ours = "ghcr.io/acme/where2eat"
	data := "          env: [{name: HOST, value: 0.0.0.0}, {name: DATA_DIR, value: /tmp}]\n          volumeMounts: [{name: tmp, mountPath: /tmp}]\n      volumes: [{name: tmp, emptyDir: {}}]"
	tests := []struct {
		name, manifests, timeout string
		want                     []string
	}{
		{"out of quota", pod("web", ours, "          resources: {limits: {cpu: 8, memory: 64Mi}}"), "4m", []string{"out of quota", "limits.cpu", "preview.isolation"}},
		{"no such image", pod("web", ours, data) + pod("other", "localhost:5001/missing@sha256:"+strings.Repeat("1", 64), ""), "4m", []string{"deployment/other", "ImagePull", "push the image"}},
		{"crash loop", pod("web", ours, `          command: [/where2eat, nonsense]`), "4m", []string{"has crashed", "exit 2", "usage: where2eat"}},
		{"unschedulable", pod("web", ours, "          resources: {requests: {memory: 7Gi}, limits: {memory: 7Gi}}\n      nodeSelector: {no: where}"), "5s", []string{"unschedulable", "no node can run its pod"}},
		{"pod security", pod("web", ours, data) + pod("other", ours, "          resources: {limits: {cpu: 10m, memory: 10Mi}}\n      volumes: [{name: x, nfs: {server: x, path: /}}]"), "4m", []string{"nfs"}},
		{"unhealthy", pod("web", ours, data), "3s", []string{}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := where2eat(t, extra(tt.timeout))
			text := tt.manifests + "---" + service
			wantCode := 3
			if tt.name == "unhealthy" {
				text = strings.Replace(text, "targetPort: 8080", "targetPort: 8081", 1)
				tt.want = []string{"does not respond as required"}
			}
			if tt.name == "unhealthy" || tt.name == "crash loop" {
				wantCode = 1 // a verdict about the app, and not about the cluster
			}
			if tt.name == "pod security" {
				wantCode = 3 // goldenpath has no rule about nfs, but the cluster rejects it
			}
			write(t, filepath.Join(l.dir, "broken/all.yaml"), text)
			number := 60 + i
			l.open(number, 0)
			start := time.Now()
			code, out := l.run(l.upArgs(number, 0)...)
			if code != wantCode || time.Since(start) > 3*time.Minute {
				t.Errorf("exit %d after %s\n%s", code, time.Since(start), out)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not report %q:\n%s", want, out)
				}
			}
			l.close(number)
			l.sweep(0)
			l.gone()
		})
	}
}

// GP-PREV-6: the head moves while its preview is being deployed. That run stops, and
// the run of the new head deploys it.
func TestFaultHeadMoved(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.open(70, 0)
	matches := phase("render")
	code, out := l.follow(func(line string, _ *exec.Cmd) bool {
		if !matches(line) {
			return false
		}
		l.open(70, 1)
		return true
	}, l.upArgs(70, 0)...)()
	if code != 0 || !strings.Contains(out, "the head of pull request 70 is now "+l.commits[1][:7]) {
		t.Errorf("exit %d\n%s", code, out)
	}
	address := l.up(70, 1)
	// The pod of the first commit is terminating: until kube-proxy has noticed, a new
	// connection may still reach it.
	eventually(t, "the second commit answers", func() bool {
		http.DefaultClient.CloseIdleConnections()
		return strings.Contains(get(t, address+"/version"), l.commits[1][:7])
	})
	l.close(70)
	l.sweep(0)
	l.gone()
}

// Labels that somebody edits by hand neither hide a preview nor extend its life.
func TestFaultLabelsEditedByHand(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	const domain = "goldenpath.seed-b235b314.github.io"
	edits := [][]string{
		{domain + "/expires-at=20990101T000000Z"},
		{domain + "/kind-", domain + "/repository-", domain + "/app-"},
		{domain + "/pull-request=9999", domain + "/expires-at=soon"},
	}
	for i, edit := range edits {
		number := 71 + i
		l.open(number, 0)
		l.up(number, 0)
		kubectl(t, append([]string{"label", "--overwrite", "namespace", l.namespaces()[i]}, edit...)...)
	}
	if out := l.sweep(0); !strings.Contains(out, "0 previews removed, 3 stay") {
		t.Errorf("all pull requests are open:\n%s", out)
	}
	for i := range edits {
		l.close(71 + i)
	}
	if out := l.sweep(0); !strings.Contains(out, "3 previews removed, 0 stay") || !strings.Contains(out, "by hand") {
		t.Errorf("all are closed:\n%s", out)
	}
	l.gone()
}

// The next sweep finishes one that was killed half-way.
func TestFaultSweepInterrupted(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	for n := 80; n < 86; n++ {
		l.open(n, 0)
		l.up(n, 0)
	}
	for n := 80; n < 86; n++ {
		l.close(n)
	}
	cmd, _ := l.command("preview", "sweep")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); len(l.namespaces()) == 6 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	t.Logf("killed with %d of 6 left", len(l.namespaces()))
	l.sweep(0)
	l.gone()
}

// GP-PREV-2: an object that could break out of a preview is rejected before anything is
// applied, and the message names the object and the field (GP-SAFE-2 for untrusted
// input).
func TestHostileCharts(t *testing.T) {
	t.Parallel()
	number := 100
	for name, tt := range map[string]struct{ object, want string }{
		"privileged":        {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: ghcr.io/acme/where2eat, securityContext: {privileged: true}}]}", "Pod/x: spec.containers[0].securityContext.privileged"},
		"host path":         {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: ghcr.io/acme/where2eat}], volumes: [{name: v, hostPath: {path: /}}]}", "Pod/x: spec.volumes[0].hostPath"},
		"host network":      {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {hostNetwork: true, containers: [{name: a, image: ghcr.io/acme/where2eat}]}", "Pod/x: spec.hostNetwork"},
		"root":              {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: ghcr.io/acme/where2eat, securityContext: {runAsUser: 0}}]}", "Pod/x: spec.containers[0].securityContext.runAsUser"},
		"cluster role":      {"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: []", "ClusterRole/x: kind: ClusterRole is cluster-wide"},
		"another namespace": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: kube-system}", "ConfigMap/x: metadata.namespace: kube-system is not"},
		"role binding":      {"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}\nsubjects: []", "RoleBinding/x: roleRef.kind: ClusterRole"},
		"external ips":      {"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {externalIPs: [192.0.2.1], ports: [{port: 80}]}", "Service/x: spec.externalIPs"},
		"catch-all ingress": {"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nspec: {defaultBackend: {service: {name: where2eat, port: {number: 80}}}}", "Ingress/x: spec.rules: it claims every host"},
		"unknown kind":      {"apiVersion: example.com/v1\nkind: Backdoor\nmetadata: {name: x}", "Backdoor/x: the cluster does not have the kind example.com/v1 Backdoor"},
	} {
		t.Run(name, func(t *testing.T) {
			l := where2eat(t, kubernetesPreview)
			write(t, filepath.Join(l.dir, "charts/where2eat/templates/hostile.yaml"), tt.object+"\n")
			number++
			l.open(number, 0)
			code, out := l.run(l.upArgs(number, 0)...)
			if code != 1 || !strings.Contains(out, tt.want) || !strings.Contains(out, "nothing was applied") {
				t.Errorf("exit %d, want 1 and %q\n%s", code, tt.want, out)
			}
			l.gone()
		})
	}
}

// GP-SAFE-2: 4 KB of shell, YAML, Markdown and terminal codes in a title, a branch and
// a label.
func TestHostilePullRequest(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	hostile := strings.Repeat("$(touch /tmp/pwned)`id`\x1b[31m\n::set-output name=url::x\n<!-- goldenpath-end: preview --> [x](javascript:1) | @everyone {{.Values}} 'a: &a [*a]\r\n", 30)
	l.own(91)
	l.hub.SetPull(githubtest.Pull{Number: 91, Head: l.commits[0], Branch: hostile, Author: "ann", Title: hostile, Labels: []string{hostile, "preview-extend-9999d", "preview-extend-;rm -rf /"}})
	code, out := l.run(l.upArgs(91, 0)...)
	if code != 0 || strings.Contains(out, "\x1b[31m") || strings.Contains(out, "::set-output") {
		t.Errorf("exit %d\n%s", code, out)
	}
	for _, c := range l.hub.Comments(91) {
		if strings.Contains(c.Body, "everyone") || strings.Contains(c.Body, "pwned") {
			t.Errorf("the comment repeats the title:\n%s", c.Body)
		}
	}
	l.close(91)
	l.sweep(0)
	l.gone()
	if _, err := os.Stat("/tmp/pwned"); err == nil {
		t.Error("a command of the title was run")
	}
}

// If a generation does not become ready, the one before it continues to serve.
func TestFailedUpdateKeepsTheGenerationBefore(t *testing.T) {
	t.Parallel()
	l := where2eat(t, kubernetesPreview)
	l.open(92, 0)
	address := l.up(92, 0)
	edit(t, filepath.Join(l.dir, "charts/where2eat/templates/deployment.yaml"), "path: /healthz, port: http", "path: /nowhere, port: http")
	edit(t, filepath.Join(l.dir, ".goldenpath.yml"), "timeout: 1m", "timeout: 8s")
	probe, stop := probing(t, address+"/healthz")
	l.open(92, 1)
	code, out := l.run(l.upArgs(92, 1)...)
	stop()
	if code != 1 || !strings.Contains(out, "generation 1 ("+l.commits[0][:7]+") serves again") || probe.failed.Load() > 0 {
		t.Errorf("exit %d, %d probes failed\n%s", code, probe.failed.Load(), out)
	}
	if got := get(t, address+"/version"); !strings.Contains(got, l.commits[0][:7]) {
		t.Errorf("/version: %s", got)
	}
	edit(t, filepath.Join(l.dir, ".goldenpath.yml"), "timeout: 8s", "timeout: 8s}\n  on-failure: remove\n  isolation: {pods: 20")
	if code, out := l.run(l.upArgs(92, 1)...); code != 1 || !strings.Contains(out, "the environment was removed") {
		t.Errorf("exit %d\n%s", code, out)
	}
	l.gone()
}
