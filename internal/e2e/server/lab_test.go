//go:build e2e

// Package server tests the target server on plain Linux servers with systemd, SSH, Podman or
// Docker, and Caddy.
package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/e2e/names"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// server is a machine of host.sh.
type server struct {
	t       *testing.T
	name    string
	address string
	key     string // host key
}

// start starts a server without goldenpath.
func start(t *testing.T, name, engine string) *server {
	t.Helper()
	script := filepath.Join(root(t), "internal/e2e/server/host.sh")
	var out, errs bytes.Buffer
	cmd := exec.Command(script, "up", name, engine)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 2 {
			t.Skipf("no server can run here: %s", errs.String())
		}
		t.Fatalf("%v\n%s", err, errs.String())
	}
	s := &server{t: t, name: name, address: strings.TrimSpace(out.String())}
	t.Cleanup(func() { s.machine("down") })
	b, err := os.ReadFile(s.file("host_key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b))
	s.key = f[0] + " " + f[1]
	s.root("test -e /etc/resolv.conf || echo nameserver 127.0.0.1 > /etc/resolv.conf")
	return s
}

// file returns a file of the server's folder on this machine.
func (s *server) file(name string) string {
	home := os.Getenv("GOLDENPATH_SERVER")
	if home == "" {
		home = filepath.Join(root(s.t), ".cache/server")
	}
	return filepath.Join(home, s.name, name)
}

// machine runs host.sh.
func (s *server) machine(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(root(s.t), "internal/e2e/server/host.sh"), append([]string{args[0], s.name}, args[1:]...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Errorf("host.sh %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// root runs a command as root on the server.
func (s *server) root(command string) string {
	s.t.Helper()
	return s.feed("", command)
}

func (s *server) feed(in, command string) string {
	s.t.Helper()
	out, err := s.try(in, command)
	if err != nil {
		s.t.Errorf("%s: %s: %v\n%s", s.name, command, err, out)
	}
	return out
}

func (s *server) try(in, command string) (string, error) {
	cmd := exec.Command(filepath.Join(root(s.t), "internal/e2e/server/host.sh"), "ssh", s.name, command)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// user runs a command as goldenpath's user.
func (s *server) user(command string) string {
	s.t.Helper()
	return s.root("su - goldenpath -c " + quote("export XDG_RUNTIME_DIR=/run/user/$(id -u); "+command))
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// app is a repository of the sample whose environments are on servers.
type app struct {
	t       *testing.T
	dir     string
	keys    string // folder with SSH keys
	servers []*server
	commits []string
	digests []string
}

// sample makes the sample for servers, with two packaged commits, and installs goldenpath.
func sample(t *testing.T, servers ...*server) *app {
	t.Helper()
	a := prepare(t, servers...)
	a.pack(servers...)
	return a
}

// prepare makes the sample for servers.
func prepare(t *testing.T, servers ...*server) *app {
	t.Helper()
	a := &app{t: t, dir: filepath.Join(t.TempDir(), "where2eat"), keys: t.TempDir(), servers: servers}
	if err := os.CopyFS(a.dir, os.DirFS(filepath.Join(root(t), "testdata/where2eat"))); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range servers {
		list = append(list, fmt.Sprintf("{host: %s, host-key: %q}", s.address, s.key))
	}
	one, all := list[0], "["+strings.Join(list, ", ")+"]"
	domain := servers[0].name + ".test"
	a.edit(".goldenpath.yml", "preview:\n", "preview:\n  target: server\n  server: "+one+"\n  url: http://pr-{number}."+domain+"\n")
	a.edit(".goldenpath.yml", "  staging: {}\n", "  staging: {target: server, server: "+one+", url: \"http://staging."+domain+"\"}\n")
	a.edit(".goldenpath.yml", "    from: staging\n", "    from: staging\n    target: server\n    server: "+all+"\n    url: http://www."+domain+"\n")
	a.edit(".goldenpath.yml", "for: 30s, at-least: 50", "for: 3s, at-least: 20")
	a.edit(".goldenpath.yml", "ghcr.io/acme/where2eat", "where2eat")
	return a
}

// pack commits and packages two versions, and installs goldenpath on the servers.
func (a *app) pack(servers ...*server) {
	a.t.Helper()
	a.git("init", "--quiet", "--initial-branch=main")
	for range 2 {
		a.version()
	}
	a.must("key")
	for _, s := range servers {
		a.install(s)
	}
	var all []string
	for _, name := range []string{"pr-1", "pr-2", "pr-3", "pr-local", "staging", "www"} {
		all = append(all, name+"."+servers[0].name+".test")
	}
	names.Resolve(a.t, servers[0].address, all...)
}

// version commits and packages one more version.
func (a *app) version() {
	a.t.Helper()
	n := len(a.commits) + 1
	a.edit("main.go", `const version = "1.0.`, fmt.Sprintf(`const version = "1.0.%d`, n))
	a.git("add", "--all")
	a.git("commit", "--quiet", "--message", fmt.Sprintf("W2E-%d", n))
	a.commits = append(a.commits, a.git("rev-parse", "HEAD"))
	a.digests = append(a.digests, a.output("digest", a.must("package", "--json")))
}

// install sets a server up for the app, as a person does from their machine.
func (a *app) install(s *server) {
	a.t.Helper()
	options := []string{"--ssh-option", "IdentityFile=" + s.file("key"), "--ssh-option", "UserKnownHostsFile=" + s.file("known_hosts"), "--ssh-option", "IdentitiesOnly=yes"}
	plan := a.must(append([]string{"host", "bootstrap", "root@" + s.address}, options...)...)
	if !strings.Contains(plan, "add --yes") || strings.Contains(s.root("ls /etc/goldenpath 2>&1 || true"), "host.yml") {
		a.t.Errorf("the plan changes something, or does not say how to go on:\n%s", plan)
	}
	a.must(append([]string{"host", "bootstrap", "--yes", "root@" + s.address}, options...)...)
	for _, role := range []string{"previews", "releases"} {
		b, err := os.ReadFile(filepath.Join(a.dir, ".git/goldenpath/keys/ssh-"+role))
		if err == nil {
			err = os.WriteFile(filepath.Join(a.keys, role), b, 0o600)
		}
		if err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *app) read(name string) string {
	a.t.Helper()
	b, err := os.ReadFile(filepath.Join(a.dir, name))
	if err != nil {
		a.t.Fatal(err)
	}
	return string(b)
}

func (a *app) edit(name, old, with string) {
	a.t.Helper()
	text := a.read(name)
	if !strings.Contains(text, old) {
		a.t.Fatalf("%s does not contain %q", name, old)
	}
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(strings.Replace(text, old, with, 1)), 0o644); err != nil {
		a.t.Fatal(err)
	}
}

func (a *app) git(args ...string) string {
	a.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir = a.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// run runs goldenpath in the repository.
func (a *app) run(args ...string) (int, string) {
	a.t.Helper()
	cmd := exec.Command(filepath.Join(root(a.t), "bin/goldenpath"), args...)
	cmd.Dir = a.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		a.t.Fatal(err)
	}
	a.t.Logf("%.1f s: goldenpath %.60s", time.Since(start).Seconds(), strings.Join(args, " "))
	return cmd.ProcessState.ExitCode(), out.String()
}

func (a *app) must(args ...string) string {
	a.t.Helper()
	code, out := a.run(args...)
	if code != 0 {
		a.t.Fatalf("goldenpath %v: exit code %d\n%s", args, code, out)
	}
	return out
}

func (a *app) ssh(role string) []string { return []string{"--ssh-key", filepath.Join(a.keys, role)} }

func (a *app) up(number, version int) (int, string) {
	a.t.Helper()
	return a.run(append([]string{"preview", "up", "--name", fmt.Sprintf("pr-%d", number), "--digest", a.digests[version]}, a.ssh("previews")...)...)
}

func (a *app) promote(environment string, version int) (int, string) {
	a.t.Helper()
	return a.run(append([]string{"promote", "--environment", environment, "--digest", a.digests[version]}, a.ssh("releases")...)...)
}

// attest signs statements about a digest, as the jobs of a release do with their reports.
func (a *app) attest(version int, types ...string) {
	a.t.Helper()
	b, err := os.ReadFile(filepath.Join(a.dir, ".git/goldenpath/keys/key.pem"))
	if err != nil {
		a.t.Fatal(err)
	}
	key, err := evidence.ParseKey(b)
	if err != nil {
		a.t.Fatal(err)
	}
	images := a.images()
	for _, kind := range types {
		predicate := map[string]any{"verdict": "pass", "result": "PASSED"}
		if kind == evidence.Battery {
			predicate["environment"] = "staging"
		}
		if kind == evidence.Provenance {
			predicate = evidence.Build{Source: "git+https://example.com/acme/where2eat", Commit: a.commits[version], Config: a.configuration(a.commits[version]), Started: time.Now(), Finished: time.Now()}.Predicate()
		}
		err := evidence.Put(a.t.Context(), images, key, evidence.Statement{Type: kind, Name: filepath.Base(a.dir), Digest: a.digests[version], Predicate: predicate}, time.Now())
		if err != nil {
			a.t.Fatal(err)
		}
	}
}

// configuration returns the digest of .goldenpath.yml of a commit.
func (a *app) configuration(commit string) string {
	a.t.Helper()
	cmd := exec.Command("git", "cat-file", "blob", commit+":.goldenpath.yml")
	cmd.Dir = a.dir
	b, err := cmd.Output()
	if err != nil {
		a.t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (a *app) images() *artifact.Repository {
	a.t.Helper()
	r, err := artifact.OpenRegistry(filepath.Join(a.dir, ".git/goldenpath/registry"))
	if err != nil {
		a.t.Fatal(err)
	}
	images, err := r.Repository(filepath.Base(a.dir))
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := images.Resolve(a.t.Context(), a.digests[0], v1.Platform{}); err != nil {
		a.t.Fatal(err)
	}
	return images
}

func (a *app) url(name string) string { return "http://" + name + "." + a.servers[0].name + ".test" }

// output reads an output of a report that a command printed as JSON.
func (a *app) output(name, report string) string {
	a.t.Helper()
	_, rest, ok := strings.Cut(report, `"`+name+`": "`)
	value, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		a.t.Fatalf("no %s in %s", name, report)
	}
	return value
}

// get requests an address and returns the status and the body.
func get(address string) (int, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := fresh.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// fresh opens a connection for each request, as different visitors do.
var fresh = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// kept keeps its connections, as one visitor does.
var kept = &http.Client{Timeout: 5 * time.Second}

// probes counts requests of a loop.
type probes struct {
	asked, failed atomic.Int64
	last          atomic.Value
	stop          func()
}

// probing sends 100 requests a second, half of them on a connection of their own.
func probing(t *testing.T, address string) *probes {
	t.Helper()
	p := &probes{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			client := kept
			if n%2 == 0 {
				client = fresh
			}
			all.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
				if err != nil {
					return
				}
				res, err := client.Do(req)
				p.asked.Add(1)
				if err != nil {
					p.failed.Add(1)
					p.last.Store(err.Error())
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != http.StatusOK {
					p.failed.Add(1)
					p.last.Store(res.Status)
				}
			})
		}
	})
	p.stop = func() { cancel(); all.Wait() }
	return p
}

// none fails the test if a request failed.
func (p *probes) none(t *testing.T) {
	t.Helper()
	p.stop()
	if n := p.failed.Load(); n > 0 || p.asked.Load() == 0 {
		t.Errorf("%d of %d requests failed; the last: %v", n, p.asked.Load(), p.last.Load())
	}
}
