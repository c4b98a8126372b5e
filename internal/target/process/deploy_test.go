package process

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

func TestDeploy(t *testing.T) {
	b := newBench(t)
	d := b.deployment("", commit1)
	ctx, cancel := context.WithCancel(b.ctx)
	r, err := b.Deploy(ctx, d)
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	platform, _ := d.Image.Digest()
	want := target.Running{
		Environment: "preview/pr-12", App: "where2eat", URL: r.URL, Commit: commit1, Digest: index1,
		PlatformDigest: platform.String(), Generation: 1, Started: r.Started, Alive: true,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r, b.status()); diff != "" {
		t.Error("status differs from deploy:", diff)
	}
	all, err := b.All(b.ctx)
	if diff := cmp.Diff([]target.Running{r}, all); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if time.Since(r.Started) > time.Minute {
		t.Errorf("started %s", r.Started)
	}
	if got := b.fetch(r.URL + "/version"); got != commit1 {
		t.Errorf("the application answers as %q", got)
	}
	log, err := os.ReadFile(b.Logs("preview/pr-12"))
	if err != nil || !strings.Contains(string(log), "listening") {
		t.Errorf("log: %q, %v", log, err)
	}
}

func TestVariables(t *testing.T) {
	b := newBench(t)
	b.Path = "/usr/bin:/bin"
	r := b.up("", commit1)
	s, dir := b.self(r.URL), b.dir()
	rootfs := filepath.Join(dir, "gen-1", "rootfs")
	want := map[string]string{
		"DATABASE_URL": "postgres://u:hunter2@db/x", "GOLDENPATH_COMMIT": commit1, "GOLDENPATH_DATA": dir + "/data",
		"GOLDENPATH_DIGEST": index1, "GOLDENPATH_ENVIRONMENT": "preview/pr-12", "GOLDENPATH_GENERATION": "1",
		"GOLDENPATH_INSTANCE": s.env("GOLDENPATH_INSTANCE"), "HOME": dir + "/data", "LANG": "C.UTF-8",
		"PATH": rootfs + "/srv:/usr/bin:/bin", "PORT": s.env("PORT"), "TESTAPP": "", "TMPDIR": dir + "/gen-1/tmp",
	}
	got := map[string]string{}
	for _, kv := range s.Env {
		k, v, _ := strings.Cut(kv, "=")
		got[k] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("the application sees more or less than it should:", diff)
	}
	if len(got["GOLDENPATH_INSTANCE"]) < 20 || !strings.HasSuffix(r.URL, ":"+got["PORT"]) {
		t.Errorf("instance %q, port %q", got["GOLDENPATH_INSTANCE"], got["PORT"])
	}
	if s.Dir != rootfs+"/srv" || s.Args[0] != rootfs+"/srv/app" {
		t.Errorf("runs %s in %s", s.Args[0], s.Dir)
	}
}

func TestOutlivesItsCommand(t *testing.T) {
	b := newBench(t)
	cmd := exec.Command(os.Args[0], "deploy", b.Dir, commit1, "", "0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // as a runner does after a step
	if r := b.status(); !r.Alive || b.fetch(r.URL+"/version") != commit1 {
		t.Errorf("%+v", r)
	}
}

func TestDeployAgainIsIdempotent(t *testing.T) {
	b := newBench(t)
	first := b.up("", commit1)
	pid := b.self(first.URL).Pid
	if diff := cmp.Diff(first, b.up("", commit1)); diff != "" {
		t.Error(diff)
	}
	if b.self(first.URL).Pid != pid {
		t.Error("the application was started again")
	}
	d := b.deployment("", commit1)
	d.Env["DATABASE_URL"] = "another"
	if r := b.mustDeploy(d); r.Generation != 2 {
		t.Errorf("other variables: generation %d", r.Generation)
	}
}

func TestUpdateKeepsOldUntilReady(t *testing.T) {
	b := newBench(t)
	first := b.up("polite", commit1)
	pid := b.self(first.URL).Pid
	second := make(chan target.Running)
	go func() {
		defer close(second)
		r, err := b.Deploy(b.ctx, b.deployment("gated", commit2))
		if err != nil {
			t.Error(err)
		}
		second <- r
	}()
	eventually(t, "generation 2 runs", func() bool {
		g := generation{dir: filepath.Join(b.dir(), "gen-2")}
		return g.state().Shim != 0
	})
	if r := b.status(); r.Generation != 1 || b.fetch(r.URL+"/version") != commit1 {
		t.Errorf("while generation 2 gets ready, this serves: %+v", r)
	}
	if err := os.WriteFile(filepath.Join(b.dir(), "data", "gate"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := <-second
	if r.Generation != 2 || r.URL == first.URL || b.fetch(r.URL+"/version") != commit2 {
		t.Errorf("after: %+v", r)
	}
	if !gone(pid)() {
		t.Error("the old application still runs")
	}
	if _, err := os.Stat(filepath.Join(b.dir(), "data", "bye")); err != nil {
		t.Error("the old application was not asked to end:", err)
	}
	if _, err := os.Stat(filepath.Join(b.dir(), "gen-1")); err == nil {
		t.Error("the old generation is still there")
	}
}

func TestBrokenUpdateKeepsOld(t *testing.T) {
	b := newBench(t)
	first := b.up("", commit1)
	_, err := b.Deploy(b.ctx, b.deployment("crash", commit2))
	failed := (*target.Failure)(nil)
	if !errors.As(err, &failed) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		"deploy preview/pr-12: the application exited 4 times, most recently with exit status 3",
		"generation 1 (commit 1111111) still serves at " + first.URL,
		"  cannot reach the database with ***\n", "PORT",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if strings.ContainsAny(err.Error(), "\x1b") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows what it should not:\n%q", err)
	}
	if diff := cmp.Diff(first, b.status()); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(filepath.Join(b.dir(), "gen-2")); err == nil {
		t.Error("the broken generation is still there")
	}
	if r := b.up("", commit2); r.Generation != 3 {
		t.Errorf("numbers are used once: %+v", r)
	}
}

func TestFirstDeployFails(t *testing.T) {
	b := newBench(t)
	d := b.deployment("unready", commit1)
	d.Ready.Timeout = 300 * time.Millisecond
	_, err := b.Deploy(b.ctx, d)
	if err == nil || !strings.Contains(err.Error(), "(not ready after 300ms)") || !strings.Contains(err.Error(), "nothing serves preview/pr-12") {
		t.Errorf("error %v", err)
	}
	if _, err := b.Status(b.ctx, "preview/pr-12"); !errors.Is(err, target.ErrNotDeployed) {
		t.Errorf("status: %v", err)
	}
	if left, _ := os.ReadDir(b.Dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestDeployCancelled(t *testing.T) {
	b := newBench(t)
	first := b.up("", commit1)
	ctx, cancel := context.WithTimeout(b.ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := b.Deploy(ctx, b.deployment("unready", commit2)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(first, b.status()); diff != "" {
		t.Error(diff)
	}
}

func TestFixedPort(t *testing.T) {
	b := newBench(t)
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	d := b.deployment("", commit1)
	d.Port = port
	b.mustDeploy(d)
	d.Commit = commit2
	r := b.mustDeploy(d)
	if r.Generation != 2 || !strings.HasSuffix(r.URL, ":"+strconv.Itoa(port)) || b.fetch(r.URL+"/version") != commit2 {
		t.Errorf("update on the same port: %+v", r)
	}
	broken := b.deployment("crash", commit1)
	broken.Port = port
	if _, err := b.Deploy(b.ctx, broken); err == nil || !strings.Contains(err.Error(), "generation 2 (commit 2222222) was started again and serves at "+r.URL) {
		t.Errorf("error %v", err)
	}
	if got := b.status(); got.Generation != 2 || !got.Alive || b.fetch(r.URL+"/version") != commit2 {
		t.Errorf("after a broken update: %+v", got)
	}
}

func TestPortInUse(t *testing.T) {
	b := newBench(t)
	first := b.up("", commit1)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := b.deployment("", commit2)
	d.Port = l.Addr().(*net.TCPAddr).Port
	_, err = b.Deploy(b.ctx, d)
	if err == nil || !strings.Contains(err.Error(), "port "+strconv.Itoa(d.Port)) {
		t.Errorf("error %v", err)
	}
	if len(holders(d.Port)) > 0 && !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("the error does not name this process: %v", err)
	}
	if diff := cmp.Diff(first, b.status()); diff != "" {
		t.Error(diff)
	}
}

// An answer counts only when it comes from what was deployed.
func TestStrangerAnswers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("who listens is known on Linux only")
	}
	b := newBench(t)
	d := b.deployment("deaf", commit1)
	d.Ready.VersionPath = ""
	d.Port, _ = freePort()
	failed := make(chan error)
	go func() {
		_, err := b.Deploy(b.ctx, d)
		failed <- err
	}()
	eventually(t, "the application runs", func() bool {
		return (&generation{dir: filepath.Join(b.dir(), "gen-1")}).app() != 0
	})
	l, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(d.Port))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go server.Serve(l)
	defer server.Close()
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), "not part of this deployment") {
		t.Errorf("error %v", err)
	}
}

// The image has a script's files and no runtime: the host's is used, and said.
func TestHostRuntime(t *testing.T) {
	b := newBench(t)
	b.Path = t.TempDir()
	me, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(me, filepath.Join(b.Path, "node")); err != nil {
		t.Fatal(err)
	}
	img, err := image(v1.Config{Entrypoint: []string{"node"}, Cmd: []string{"app", "/srv/server.js"}}, layer(file{name: "srv/server.js"}))
	if err != nil {
		t.Fatal(err)
	}
	r := b.mustDeploy(deployment(img, commit1))
	want := []string{"node is the host's " + b.Path + "/node, because the image does not contain it: other targets need it in the image"}
	if diff := cmp.Diff(want, b.status().Notes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"node", "app", filepath.Join(b.dir(), "gen-1", "rootfs", "srv", "server.js")}, b.self(r.URL).Args); diff != "" {
		t.Error(diff)
	}
}

func TestConcurrentDeploys(t *testing.T) {
	b := newBench(t)
	done := make(chan target.Running)
	for _, c := range []string{commit1, commit2} {
		go func() {
			r, err := b.Deploy(b.ctx, b.deployment("", c))
			if err != nil {
				t.Error(err)
			}
			done <- r
		}()
	}
	r, s := <-done, <-done
	if r.Generation+s.Generation != 3 {
		t.Errorf("generations %d and %d", r.Generation, s.Generation)
	}
	if got := b.status(); got.Generation != 2 {
		t.Errorf("serves %+v", got)
	}
	lock, err := acquire(b.ctx, filepath.Join(b.dir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	ctx, cancel := context.WithTimeout(b.ctx, 50*time.Millisecond)
	defer cancel()
	_, err = b.Deploy(ctx, b.deployment("", commit1))
	if want := "lock environment preview/pr-12: process " + strconv.Itoa(os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v", err)
	}
	lock.Unlock() // for the cleanup
}
