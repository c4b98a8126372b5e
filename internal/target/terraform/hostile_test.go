package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// usage holds err to be a mistake of the user that says all of want.
func usage(t *testing.T, err error, want ...string) {
	t.Helper()
	var u *report.UsageError
	if !errors.As(err, &u) {
		t.Errorf("%v, want a UsageError", err)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\ndoes not say %q", err, w)
		}
	}
}

// GP-PREV-11: names cannot be options, paths or commands.
func TestWorkspaceNames(t *testing.T) {
	w := newWorld(t, app)
	for _, env := range []string{
		"", "/", "preview/", "default", "preview/-force", "preview/..", "preview/a b", "preview/$(touch x)", "preview/PR-1", "preview/" + strings.Repeat("a", 64), "preview/pr-1\n", "preview/\x1b[31m",
	} {
		d := deployment1()
		d.Environment = env
		_, err := w.Deploy(context.Background(), d)
		usage(t, err)
		if _, err := w.Status(context.Background(), env); err == nil {
			t.Errorf("%q has a status", env)
		}
		usage(t, w.Down(context.Background(), env))
	}
	for workspace, want := range map[string]string{"pr-12": "preview/pr-12", "staging": "", "default": "", "pr-0": "", "pr-x": "", "pr-012": "", "pr-1-old": ""} {
		if got := w.preview(workspace); got != want {
			t.Errorf("%s is for %q, want %q", workspace, got, want)
		}
	}
	for _, b := range []map[string]string{{"-x": "y"}, {"a b": "c"}, {"key": "a\nb"}} {
		w.Backend = b
		_, err := w.Status(context.Background(), "preview/pr-1")
		usage(t, err, "backend")
	}
}

// GP-PREV-11: mistakes are reported before anything is touched, each with its place.
func TestMistakes(t *testing.T) {
	w := newWorld(t, strings.Replace(app, `output "url" `, `output "address" `, 1)+"variable \"region\" {}\n")
	ctx := context.Background()
	_, err := w.Deploy(ctx, deployment1())
	usage(t, err, `no output "url"`)
	w.URLOutput = "address"
	w.Vars["imag"] = "x"
	d := deployment1()
	d.Secrets = map[string]target.Secret{"API_TOKEN": {Value: "hunter22"}, "PASSWORD": {Store: "vault", Key: "x"}}
	_, err = w.Deploy(ctx, d)
	usage(t, err, `vars.imag`, `did you mean "image"?`, "secrets.api_token", "only target kubernetes supports a store", `infra/main.tf:`, `variable "region" has no default`, "preview.vars.region")
	if strings.Contains(err.Error(), "hunter22") {
		t.Errorf("the secret is shown: %v", err)
	}
	delete(w.Vars, "imag")
	w.Vars["region"] = "eu"
	d = deployment1()
	d.Reference = ""
	_, err = w.Deploy(ctx, d)
	usage(t, err, "the image is in no registry")
	if left := w.left(t); left != nil {
		t.Errorf("left %v", left)
	}
	write(t, filepath.Join(w.Dir, "broken.tf"), "variable {\n")
	_, err = w.Deploy(ctx, deployment1())
	usage(t, err, "broken.tf:1")
	write(t, filepath.Join(w.Dir, "broken.tf"), strings.Repeat("a", maxFile+1))
	_, err = w.Deploy(ctx, deployment1())
	usage(t, err, "larger than")
	w.Binary = "no-such-terraform"
	if _, err := w.Deploy(ctx, deployment1()); err == nil || !strings.Contains(err.Error(), "install it") {
		t.Errorf("%v", err)
	}
}

// GP-PREV-11: what a validation refuses is reported in a line, and leaves nothing.
func TestRefusedByValidation(t *testing.T) {
	w := newWorld(t, app)
	w.Vars["image"] = "where2eat:latest"
	_, err := w.Deploy(context.Background(), deployment1())
	var f *Failed
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	// OpenTofu names the variable's line, Terraform that of its rule.
	want := regexp.MustCompile(`main\.tf:[57] Invalid value for variable: image must end with a digest\.$`)
	if len(f.Problems) != 1 || !want.MatchString(f.Problems[0]) || strings.ContainsAny(err.Error(), "\n\x1b│") {
		t.Errorf("%q, want %q", f.Problems, want)
	}
	if left := w.left(t); left != nil {
		t.Errorf("left %v", left)
	}
}

// GP-PREV-10: a secret reaches the configuration and nothing that is shown, nor a
// command line, nor a file that stays. The caller's tokens do not reach it.
func TestSecrets(t *testing.T) {
	const secret = "s3cret \"${path.module}\" \x1b[31m"
	leaky := strings.Replace(app, "touch started;", "touch started; env > environment; tr '\\\\000' '\\\\n' < /proc/$PPID/cmdline > cmdline; echo got $PASSWORD; ls fail 2>/dev/null && exit 7;", 1)
	w := newWorld(t, leaky)
	ctx := context.Background()
	d := deployment1()
	d.Secrets = map[string]target.Secret{"PASSWORD": {Value: secret}}
	p, err := w.Plan(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.Deploy(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(w.dir, "password")); string(b) != secret {
		t.Errorf("the configuration got %q", b)
	}
	status, err := w.Status(ctx, "preview/pr-12")
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%+v %+v %+v", p, r, status)
	write(t, filepath.Join(w.dir, "fail"), "")
	d.Commit = commit2
	_, err = w.Deploy(ctx, d)
	var f *target.Failure
	if !errors.As(err, &f) || len(f.Detail) == 0 {
		t.Fatalf("%v, want a Failure with what the provisioner said", err)
	}
	shown += err.Error()
	for _, file := range []string{"cmdline", "environment"} {
		b, err := os.ReadFile(filepath.Join(w.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "ghs_of_the_caller") {
			t.Errorf("%s has the caller's token", file)
		}
		if file == "cmdline" {
			shown += string(b)
		}
	}
	if strings.Contains(shown, "s3cret") {
		t.Errorf("the secret is shown:\n%s", shown)
	}
	err = filepath.Walk(w.Data, func(name string, fi os.FileInfo, err error) error {
		if err == nil && fi.Mode().IsRegular() {
			b, _ := os.ReadFile(name)
			if strings.Contains(string(b), "s3cret") {
				t.Errorf("%s holds the secret", name)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// GP-PREV-5: a configuration cannot pass its preview off as that of another pull
// request, nor break what reads its output.
func TestForgedOutput(t *testing.T) {
	for value, want := range map[string]target.Running{
		`{"number": "7", "name": "pr-7", "environment": "production", "commit": "c"}`:          {Commit: "c"},
		`{"generation": "x", "expires": "tomorrow", "per_hour": "NaN", "image": "a@sha256:1"}`: {Digest: "sha256:1"},
		`{"generation": 3, "owner": ["a"], "repository": {"a": 1}, "app": "a\u001b[31m\nb"}`:   {Generation: 3, App: "a [31m b"},
		`{"generation": -1, "per_hour": "+Inf"}`:                                               {}, `{"per_hour": -1}`: {},
		`["a"]`: {}, `null`: {}, `"text"`: {},
	} {
		outputs := map[string]tfexec.OutputMeta{"goldenpath": {Value: []byte(value)}}
		got := running("preview/pr-12", "pr-12", recalled("preview/pr-12", "pr-12", readKnown(outputs)))
		want.Environment, want.Place, want.Tags.PullRequest = "preview/pr-12", "workspace pr-12", 12
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
}

// GP-PREV-3: an invalid address is reported.
func TestAddress(t *testing.T) {
	for name, tc := range map[string]struct{ output, want string }{
		"null":      {`output "url" { value = null }`, "a value that is not null"},
		"sensitive": {"output \"url\" {\n value = \"https://a.example.com\"\n sensitive = true\n}", "is sensitive"},
		"list":      {`output "url" { value = ["https://a.example.com"] }`, "is not a string"},
		"file":      {`output "url" { value = "file:///etc/passwd" }`, "http://"},
		"user":      {`output "url" { value = "https://me:pw@a.example.com" }`, "without a user"},
		"control":   {`output "url" { value = "https://a.example.com/\u001b[31m" }`, "http://"},
	} {
		w := newWorld(t, tc.output)
		w.Vars, w.Backend = nil, nil
		d := deployment1()
		d.KeepFailed = false
		_, err := w.Deploy(context.Background(), d)
		usage(t, err, tc.want)
		if left, _ := os.ReadDir(filepath.Join(w.Dir, "terraform.tfstate.d")); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

// GP-PREV-10: nothing but what clouds need goes to Terraform.
func TestEnviron(t *testing.T) {
	env := environ([]string{
		"PATH=/bin", "HOME=/h", "AWS_SECRET_ACCESS_KEY=a", "GOOGLE_APPLICATION_CREDENTIALS=f", "ARM_CLIENT_ID=i", "KUBECONFIG=k", "TF_VAR_x=y", "TF_TOKEN_app_terraform_io=t", "SSH_AUTH_SOCK=s", "HTTPS_PROXY=p",
		"GITHUB_TOKEN=g", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=o", "NPM_TOKEN=n", "GOLDENPATH_SIGNING_KEY=k", "TF_CLI_ARGS=-auto-approve", "TF_CLI_ARGS_destroy=-target=x", "TF_WORKSPACE=production", "TF_LOG=TRACE", "TF_DATA_DIR=/elsewhere", "COOKIE=c",
	}, map[string]string{"ARM_CLIENT_ID": "own", "GITHUB_TOKEN": "g", "TF_WORKSPACE": "production", "AWS_REGION": "r"}, "/data")
	want := []string{"ARM_CLIENT_ID", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "CHECKPOINT_DISABLE", "GOOGLE_APPLICATION_CREDENTIALS", "HOME", "HTTPS_PROXY", "KUBECONFIG", "PATH", "SSH_AUTH_SOCK", "TF_DATA_DIR", "TF_INPUT", "TF_IN_AUTOMATION", "TF_TOKEN_app_terraform_io", "TF_VAR_x"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(env))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if env["TF_DATA_DIR"] != "/data" || env["ARM_CLIENT_ID"] != "own" {
		t.Errorf("TF_DATA_DIR is %s, ARM_CLIENT_ID is %s", env["TF_DATA_DIR"], env["ARM_CLIENT_ID"])
	}
}

// GP-PREV-7: labels are what every cloud takes, whatever a title or a login holds.
func TestLabels(t *testing.T) {
	hostile := strings.Repeat("$(rm -rf /)\x1b[31m\"}{{ü", 200)
	for k, v := range labels(map[string]string{"owner": hostile, "repository": "Acme/Where2Eat", "expires": "2026-09-01T08:00:00Z", "number": "12"}) {
		if len(v) > 63 || safe(v) != v || v == "" {
			t.Errorf("%s: %q", k, v)
		}
	}
	k := (&Target{}).known(target.Deployment{Tags: target.Tags{Owner: hostile}}, "pr-12", nil)
	if len(k["owner"]) > maxKnown+3 || strings.ContainsAny(k["owner"], "\x1b\n") {
		t.Errorf("owner: %q", k["owner"])
	}
}

// GP-PREV-11: what a plan does to a resource is reported in the words of all targets.
func TestActions(t *testing.T) {
	for _, tc := range []struct {
		actions tfjson.Actions
		want    string
	}{
		{tfjson.Actions{"no-op"}, "keep"}, {tfjson.Actions{"create"}, "create"}, {tfjson.Actions{"update"}, "change"}, {tfjson.Actions{"delete"}, "remove"},
		{tfjson.Actions{"delete", "create"}, "remove create, noted"}, {tfjson.Actions{"create", "delete"}, "create remove, noted"}, {tfjson.Actions{"forget"}, "keep, noted"}, {tfjson.Actions{"dance"}, "change, noted"},
	} {
		changes, note := read(&tfjson.ResourceChange{Address: "a.b", Mode: tfjson.ManagedResourceMode, Change: &tfjson.Change{Actions: tc.actions}})
		var got []string
		for _, c := range changes {
			got = append(got, c.What)
		}
		text := strings.Join(got, " ")
		if note != "" {
			text += ", noted"
		}
		if text != tc.want {
			t.Errorf("%v: %q, want %q", tc.actions, text, tc.want)
		}
	}
}
