//go:build e2e

package workflows

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// deploys is a Terraform configuration as a team has one for Cloud Run: a service, a
// revision of it for each image, and the state in a bucket. Its provisioner fails if a
// credential of the run other than the cloud's is within its reach.
const deploys = `terraform {
  backend "gcs" {}
}
variable "name" { type = string }
variable "image" { type = string }
variable "cloud" { type = string }
variable "goldenpath" { type = map(string) }
resource "terraform_data" "service" {
  input = { name = var.name, cloud = var.cloud }
  provisioner "local-exec" {
    when        = destroy
    command     = "cloud delete ${self.input.name}"
    environment = { CLOUD = self.input.cloud }
  }
}
resource "terraform_data" "revision" {
  triggers_replace = [var.image]
  depends_on       = [terraform_data.service]
  provisioner "local-exec" {
    command     = "test -z \"$GITHUB_TOKEN$ACTIONS_ID_TOKEN_REQUEST_TOKEN$GOLDENPATH_KEY\" && cloud put ${var.name} ${var.image}"
    environment = { CLOUD = var.cloud }
  }
}
output "url" { value = { pr-7 = "http://127.0.0.1:31907", staging = "http://127.0.0.1:31901", production = "http://127.0.0.1:31902" }[var.name] }
output "goldenpath" { value = var.goldenpath }
`

const terraformConfiguration = `version: 1
app: where2eat
artifact:
  image: REGISTRY/where2eat
  build: CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.commit=$GOLDENPATH_COMMIT" -o dist/app/where2eat .
  pack: dist/app
  entrypoint: [/where2eat]
checks:
  unit: {run: "test -z \"${GOOGLE_OAUTH_ACCESS_TOKEN:-}\" && go run ./internal/junit -o reports/unit/unit.xml -- .", junit: reports/unit/*.xml}
battery:
  smoke: [{get: /healthz, status: 200}, {get: /version, status: 200}]
preview:
  target: terraform
  terraform: infra
  vars: {cloud: CLOUD}
  backend: {bucket: states, prefix: where2eat, storage_custom_endpoint: CLOUD/storage/v1/}
  ready: {path: /healthz, version-path: /version, timeout: 30s}
environments:
  staging: {target: terraform, terraform: infra, vars: {cloud: CLOUD}, backend: {bucket: states, prefix: where2eat, storage_custom_endpoint: CLOUD/storage/v1/}}
  production: {target: terraform, terraform: infra, vars: {cloud: CLOUD}, backend: {bucket: states, prefix: where2eat, storage_custom_endpoint: CLOUD/storage/v1/}, from: staging, soak: {for: 5s, at-least: 20, slo: {availability: 99, p95: 1s}}}
gate: {fail-on: high, missing-database: warn, waivers: .goldenpath/waivers.yml, exclude: [go.mod]}
scorecard: {migrations: db/migrations, must: [tests, security]}
`

// gcloud is a stand-in for the command line of Google Cloud, which needs an account. It
// gives the cloud's token to the identity of the run.
const gcloud = `#!/bin/sh
set -eu
case "$1 $2" in
"iam workload-identity-pools")
	for a; do case $a in --credential-source-file=*) [ "$(cat "${a#*=}")" = identity-of-the-run ] ;; --output-file=*) echo '{}' >"${a#*=}" ;; esac; done ;;
"auth login") ;;
"auth print-access-token") echo ` + cloudToken + ` ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
`

const login = `'{"google": {"provider": "projects/7/locations/global/workloadIdentityPools/p/providers/gh", "account": "d@acme.iam.gserviceaccount.com"}}'`

// terraformProgram returns the path of OpenTofu or Terraform.
func terraformProgram(t *testing.T) string {
	t.Helper()
	return output(t, "", filepath.Join(top(t), "internal/e2e/act/terraform.sh"))
}

// terraformBench is a bench whose environments are workspaces of a Terraform configuration,
// deployed by OpenTofu or Terraform to a small cloud after a login with the run's identity.
func terraformBench(t *testing.T) (*bench, *cloud) {
	t.Helper()
	needDocker(t)
	program := terraformProgram(t)
	image := t.TempDir()
	write(t, filepath.Join(image, "Dockerfile"), "FROM goldenpath:e2e\nCOPY "+filepath.Base(program)+" cloud /usr/local/bin/\n")
	output(t, "", "cp", program, image)
	output(t, top(t), "go", "build", "-o", filepath.Join(image, "cloud"), "./internal/e2e/cloud")
	output(t, image, "docker", "build", "--quiet", "--tag", "goldenpath-terraform:e2e", ".")
	c := newCloud(t)
	b := newBenchOf(t, "goldenpath-terraform:e2e")
	stub := filepath.Join(b.dir, "gcloud")
	if err := os.WriteFile(stub, []byte(gcloud), 0o755); err != nil {
		t.Fatal(err)
	}
	// The runner has the program too: it cannot download OpenTofu here.
	b.binds = append(b.binds, stub+":/usr/local/bin/gcloud:ro", program+":/usr/local/bin/"+filepath.Base(program)+":ro")
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer request-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": "identity-of-the-run"})
	}))
	t.Cleanup(identity.Close)
	b.env = map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": identity.URL + "/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token"}
	b.publish()
	b.clone()
	b.inputs("login: " + login)
	words := strings.NewReplacer("REGISTRY", c.registry, "CLOUD", c.url)
	write(t, filepath.Join(b.repo, ".goldenpath.yml"), words.Replace(terraformConfiguration))
	if err := os.RemoveAll(filepath.Join(b.repo, "infra")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.repo, "infra/main.tf"), deploys)
	b.sign()
	return b, c
}

// TestTerraform is TestPath for an app that Terraform deploys (GP-PATH-8, GP-PREV-5, 11,
// GP-PROM-1, 8). Previews and releases have nothing in common but the workflows, so they run
// side by side.
func TestTerraform(t *testing.T) {
	t.Run("previews", func(t *testing.T) {
		t.Parallel()
		terraformPreviews(t)
	})
	t.Run("releases", func(t *testing.T) {
		t.Parallel()
		terraformReleases(t)
	})
}

// terraformPreviews opens, updates and closes a pull request; cancels a job and ends the
// machine of another; and sweeps what they left.
func terraformPreviews(t *testing.T) {
	b, c := terraformBench(t)
	main := b.push("main", "polls")
	b.git("switch", "--quiet", "--create", "feature")
	head := b.push("feature", "votes")
	b.open(head)
	r := b.act("t1-opened", "goldenpath.yml", "pull_request", b.pullRequest("opened", main, head))
	b.succeeded("opened", r)
	b.summarized(r, "pr-7 is ready at", "infra of base "+main[:7], "changes in workspace pr-7", "data.revision")
	b.answers(b.address(), head)

	// The configuration of the pull request is code, and does not run beside a credential.
	b.write("infra/more.tf", `resource "terraform_data" "owned" {
  provisioner "local-exec" { command = "cloud put owned ${var.image}" }
}
`)
	head = b.push("feature", "votes count")
	b.open(head)
	r = b.act("t2-synchronize", "goldenpath.yml", "pull_request", b.pullRequest("synchronize", main, head))
	b.succeeded("synchronize", r)
	b.summarized(r, "what the pull request changes there applies after the merge")
	b.answers(b.address(), head)
	if c.running("owned") != "" || strings.Contains(r.log, "terraform_data.owned") {
		t.Error("the configuration of the pull request was applied")
	}
	if err := os.Remove(filepath.Join(b.repo, "infra/more.tf")); err != nil {
		t.Fatal(err)
	}

	_, digest, _ := strings.Cut(c.running("pr-7"), "@")
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Branch: "feature", Author: "ann", State: "closed", Merged: true, Closed: time.Now()})
	r = b.act("t3-closed", "goldenpath.yml", "pull_request", b.pullRequest("closed", main, head))
	b.succeeded("closed", r)
	// The record of the previews stays.
	left := []string{"where2eat/goldenpath-previews.tfstate"}
	if diff := cmp.Diff(left, c.names()); diff != "" || c.running("pr-7") != "" {
		t.Errorf("left in the bucket after the removal (-want +got):\n%s", diff)
	}

	b.cancelled(c, digest)
	b.lost(c, digest)
	r = b.act("t8-locked", "goldenpath-sweep.yml", "schedule", map[string]any{"schedule": "17 * * * *", "repository": repositoryPayload()})
	if r.ok {
		t.Error("a sweep that could not remove a preview succeeded")
	}
	unlock := regexp.MustCompile(`locked by root@\S+ since .*, for .*if it has certainly ended, run (cd infra && .*force-unlock \d+)`).FindStringSubmatch(r.log)
	if unlock == nil {
		t.Fatalf("no way out of the lock; the log is .cache/workflows/t8-locked.log")
	}
	cmd := exec.Command("sh", "-euc", strings.Replace(unlock[1], "force-unlock", "force-unlock -force", 1))
	cmd.Dir, cmd.Env = b.repo, append(os.Environ(), "PATH="+filepath.Dir(terraformProgram(t))+":"+os.Getenv("PATH"), "GOOGLE_OAUTH_ACCESS_TOKEN="+cloudToken, "TF_DATA_DIR="+filepath.Join(b.dir, "by-hand"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", unlock[1], err, out)
	}
	r = b.act("t9-sweep", "goldenpath-sweep.yml", "schedule", map[string]any{"schedule": "17 * * * *", "repository": repositoryPayload()})
	b.succeeded("sweep", r)
	if diff := cmp.Diff(left, c.names()); diff != "" {
		t.Errorf("left in the bucket (-want +got):\n%s", diff)
	}
	b.closed(c, "t[12389]-*")
}

// terraformReleases takes a commit to production; the next one to staging, because the cloud
// refuses it for production; promotes it by hand; and rolls it back.
func terraformReleases(t *testing.T) {
	b, c := terraformBench(t)
	b.push("main", "polls")
	release := func(name, message string) *run {
		before := b.git("rev-parse", "HEAD")
		commit := b.push("main", message)
		return b.act(name, "goldenpath.yml", "push", map[string]any{
			"ref": "refs/heads/main", "before": before, "after": commit, "head_commit": map[string]any{"id": commit}, "repository": repositoryPayload(),
		})
	}
	r := release("t4-merged", "votes")
	b.succeeded("merged", r)
	one := c.running("production")
	if one == "" || c.running("staging") != one {
		t.Errorf("staging runs %q, production %q", c.running("staging"), one)
	}

	// Staging works, and the cloud refuses production.
	b.write("infra/main.tf", strings.Replace(deploys, `"test -z`, `"test ${var.name} != production && test -z`, 1))
	r = release("t5-refused", "results")
	two := c.running("staging")
	if r.ok || c.running("production") != one || two == one {
		t.Errorf("the run succeeded: %v; staging runs %s, production %s, want %s", r.ok, two, c.running("production"), one)
	}
	b.summarized(r, "production did not become ready", "infra/main.tf:", "changes in workspace production")

	b.write("infra/main.tf", deploys)
	b.push("main", "results in production")
	r = b.act("t6-promoted", "goldenpath-promote.yml", "workflow_dispatch", map[string]any{"inputs": map[string]any{"dry-run": "false"}, "repository": repositoryPayload()})
	b.succeeded("promote", r)
	if got := c.running("production"); got != two {
		t.Errorf("production runs %s, want %s", got, two)
	}
	r = b.act("t7-rollback", "goldenpath-rollback.yml", "workflow_dispatch", map[string]any{
		"inputs": map[string]any{"release": "previous", "environment": "production", "reason": "results are slow", "dry-run": "false"}, "repository": repositoryPayload(),
	})
	b.succeeded("rollback", r)
	if got := c.running("production"); got != one {
		t.Errorf("production runs %s, want %s", got, one)
	}
	if diff := cmp.Diff([]string{"where2eat/production.tfstate", "where2eat/staging.tfstate"}, c.names()); diff != "" {
		t.Errorf("left in the bucket (-want +got):\n%s", diff)
	}
	b.closed(c, "t[4567]-*")
}

// closed asserts that nothing was asked of the cloud without the credential, and that the
// runs whose names match have printed none.
func (b *bench) closed(c *cloud, runs string) {
	b.t.Helper()
	if len(c.denied) > 0 {
		b.t.Errorf("requests without the credential: %q", c.denied)
	}
	b.silent(runs, cloudToken, "identity-of-the-run")
}

// step starts preview-up of pr-7 with an image as a container of a job, and returns when the
// cloud keeps its apply waiting.
func (b *bench) step(c *cloud, digest string) (container string) {
	b.t.Helper()
	head := b.git("rev-parse", "HEAD")
	b.open(head)
	c.mu.Lock()
	c.hang = make(chan struct{})
	c.mu.Unlock()
	args := []string{"run", "--detach", "--network", "host", "--workdir", "/github/workspace", "--volume", b.repo + ":/github/workspace"}
	for key, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/github/workspace", "RUNNER_TEMP": "/tmp", "GITHUB_SERVER_URL": b.server, "GITHUB_API_URL": b.hub.URL,
		"GITHUB_REPOSITORY": repository, "GITHUB_TOKEN": b.token, "GOOGLE_OAUTH_ACCESS_TOKEN": cloudToken,
	} {
		args = append(args, "--env", key+"="+value)
	}
	container = output(b.t, "", "docker", append(args, b.own, "preview", "up", "--name", "pr-7", "--digest", digest, "--head", head, "--registry", "remote")...)
	b.t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", container).Run() })
	select {
	case <-c.waits:
	case <-time.After(time.Minute):
		b.t.Fatalf("the apply did not begin:\n%s", logs(container))
	}
	return container
}

func logs(container string) string {
	out, _ := exec.Command("docker", "logs", container).CombinedOutput()
	return string(out)
}

func (c *cloud) free() {
	c.mu.Lock()
	close(c.hang)
	c.hang = nil
	c.mu.Unlock()
}

// cancelled cancels a job while a provider hangs: Terraform saves what it has made and
// frees the state, and the report says what was interrupted.
func (b *bench) cancelled(c *cloud, digest string) {
	b.t.Helper()
	container := b.step(c, digest)
	output(b.t, "", "docker", "kill", "--signal", "INT", container)
	if code := output(b.t, "", "docker", "wait", container); code != "3" {
		b.t.Errorf("a cancelled step: exit %s", code)
	}
	c.free()
	if said := logs(container); !strings.Contains(said, "was interrupted while it worked on terraform_data.revision") {
		b.t.Errorf("the report does not say what was interrupted:\n%s", said)
	}
	if slices.Contains(c.names(), "where2eat/pr-7.tflock") || !slices.Contains(c.names(), "where2eat/pr-7.tfstate") {
		b.t.Errorf("after the cancellation the bucket has %q", c.names())
	}
}

// lost ends a job's machine in the middle of an apply: the lock stays. The pull request
// is then closed, and no event removes the preview.
func (b *bench) lost(c *cloud, digest string) {
	b.t.Helper()
	container := b.step(c, digest)
	output(b.t, "", "docker", "kill", container)
	output(b.t, "", "docker", "wait", container)
	c.free()
	if !slices.Contains(c.names(), "where2eat/pr-7.tflock") {
		b.t.Fatalf("no lock was left: %q", c.names())
	}
	b.hub.SetPull(githubtest.Pull{Number: number, Head: b.git("rev-parse", "HEAD"), Branch: "feature", Author: "ann", State: "closed", Closed: time.Now()})
}

// silent asserts that no log and no summary of the runs whose names match contains a secret.
func (b *bench) silent(runs string, secrets ...string) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(top(b.t), ".cache/workflows", runs))
	if err != nil || len(files) == 0 {
		b.t.Fatal(err)
	}
	for _, file := range files {
		for _, secret := range secrets {
			if strings.Contains(read(b.t, file), secret) {
				b.t.Errorf("%s contains %s", file, secret)
			}
		}
	}
}
