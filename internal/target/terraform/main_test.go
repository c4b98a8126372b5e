package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// The test binary is also the guard, and a deploying command that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "guard":
			os.Exit(Guard(context.Background(), os.Args[2:]))
		case "deploy", "down":
			os.Exit(child(os.Args[1], os.Args[2]))
		}
	}
	os.Setenv("GITHUB_TOKEN", "ghs_of_the_caller")
	os.Setenv("TF_CLI_CONFIG_FILE", os.DevNull)
	os.Exit(m.Run())
}

const (
	commit1 = "1111111111111111111111111111111111111111"
	commit2 = "2222222222222222222222222222222222222222"
)

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

// app is a configuration as a team would write it, but for its resources: they
// write what a platform would run into a folder, which a server then serves.
const app = `
terraform {
  backend "local" {}
}
variable "image" {
  type = string
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end with a digest."
  }
}
variable "pr"         { type = number }
variable "commit"     { type = string }
variable "labels"     { type = map(string) }
variable "goldenpath" { type = map(string) }
variable "env"        { type = map(string) }
variable "url"        { type = string }
variable "dir"        { type = string }
variable "extras" {
  type    = list(string)
  default = []
}
variable "password" {
  type      = string
  default   = ""
  sensitive = true
}
resource "terraform_data" "app" {
  input            = { image = var.image, labels = var.labels, env = var.env, dir = var.dir }
  triggers_replace = [var.commit]
  provisioner "local-exec" {
    command     = "touch started; while [ -e hold ]; do sleep 0.02; done; printf %s \"$COMMIT\" > version; printf %s \"$PASSWORD\" > password"
    working_dir = var.dir
    environment = { COMMIT = var.commit, PASSWORD = var.password }
  }
  provisioner "local-exec" {
    when        = destroy
    command     = "test ! -e stuck && rm -f version"
    working_dir = self.input.dir
  }
}
resource "terraform_data" "extra" {
  for_each = toset(var.extras)
  input    = each.key
}
output "url"        { value = terraform_data.app.id == "" ? "" : var.url }
output "goldenpath" { value = var.goldenpath }
output "password" {
  value     = var.password
  sensitive = true
}
`

// world is one configuration with its state, and the server it "deploys".
type world struct {
	*Target
	dir string // what the platform runs
}

func newWorld(t *testing.T, config string) *world {
	t.Helper()
	if _, err := (&Target{}).find(t.Context()); err != nil {
		t.Skipf("GP-PREV-11 is not proven here: %v", err)
	}
	root := t.TempDir()
	w := &world{dir: filepath.Join(root, "platform")}
	for _, dir := range []string{"platform", "infra", "state"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "infra", "main.tf"), config)
	server := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		b, err := os.ReadFile(filepath.Join(w.dir, "version"))
		if err != nil {
			res.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = res.Write(b)
	}))
	t.Cleanup(server.Close)
	w.Target = &Target{
		Dir: filepath.Join(root, "infra"), Data: filepath.Join(root, "data"), LockTimeout: 10 * time.Second, Grace: 20 * time.Second,
		Vars:    map[string]string{"url": server.URL, "dir": w.dir},
		Backend: map[string]string{"workspace_dir": filepath.Join(root, "state"), "path": filepath.Join(root, "state", "default.tfstate")},
		Guard:   []string{os.Args[0], "guard"},
	}
	return w
}

func deployment1() target.Deployment { return version(commit1, "a") }

func version(commit, c string) target.Deployment {
	return target.Deployment{
		App: "where2eat", Environment: "preview/pr-12", Commit: commit, Digest: digest(c), Reference: "registry.example.com/where2eat@" + digest(c),
		Ready: target.Ready{Path: "/healthz", VersionPath: "/version", Timeout: 5 * time.Second}, KeepFailed: true,
		Tags: target.Tags{Repository: "acme/where2eat", PullRequest: 12, Owner: "ann", Expires: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)},
	}
}

// spec is what a child works with.
type spec struct {
	Dir, Data          string
	Vars, Backend      map[string]string
	Commit, Digest     string
	Stop               string // the phase at whose end it waits to be killed
	LockTimeout, Grace time.Duration
}

func child(what, file string) int {
	b, err := os.ReadFile(file)
	var s spec
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	t := &Target{Dir: s.Dir, Data: s.Data, Vars: s.Vars, Backend: s.Backend, LockTimeout: s.LockTimeout, Grace: s.Grace, Guard: []string{os.Args[0], "guard"}}
	if err == nil && what == "deploy" {
		d := version(s.Commit, s.Digest)
		d.Say = func(p target.Phase) {
			if p.Name == s.Stop {
				fmt.Println("here")
				time.Sleep(time.Hour) // it is killed before
			}
		}
		_, err = t.Deploy(context.Background(), d)
	} else if err == nil {
		err = t.Down(context.Background(), "preview/pr-12")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// start runs a child that can be killed.
func (w *world) start(t *testing.T, what, commit, digest string) *exec.Cmd {
	t.Helper()
	return w.startUntil(t, what, commit, digest, "", nil)
}

func (w *world) startUntil(t *testing.T, what, commit, digest, stop string, stdout io.Writer) *exec.Cmd {
	t.Helper()
	b, err := json.Marshal(spec{w.Dir, w.Data, w.Vars, w.Backend, commit, digest, stop, w.LockTimeout, w.Grace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "spec.json")
	write(t, file, string(b))
	cmd := exec.Command(os.Args[0], what, file)
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// workspaces are what is left below the state's folder.
func (w *world) left(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(w.Backend["workspace_dir"])
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, e.Name())
		}
	}
	return all
}

// busy reports whether a process of this world runs.
func (w *world) busy() bool {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range all {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), "TF_DATA_DIR="+w.Data) {
			return true
		}
	}
	return false
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// eventually polls until is holds.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to be: %s", what)
		}
	}
}
