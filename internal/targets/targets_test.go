package targets

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

// access opens targets of a configuration, with some variables.
func access(t *testing.T, preview string, environ map[string]string) Access {
	t.Helper()
	c, err := config.Parse([]byte("version: 1\napp: shop\nartifact: {image: shop, pack: dist, entrypoint: [/s]}\npreview: " + preview + "\nenvironments: {production: {}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Access{Config: c, Dir: "/repo", State: "/state", Self: "/bin/goldenpath", Process: targettest.New(t), Getenv: func(name string) string { return environ[name] }}
}

func fails(t *testing.T, err error, want string) {
	t.Helper()
	var usage *report.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want an error of the input: %s", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Error("the error quotes a secret")
	}
}

func TestOpen(t *testing.T) {
	a := access(t, "{}", nil)
	if got, err := a.Open(a.Config.Preview.Deploy, ""); err != nil || got != a.Process {
		t.Errorf("process: %v, %v", got, err)
	}
	a = access(t, "{target: kubernetes, manifests: k8s, pull-secret: PULL, cost-centre: food}", map[string]string{"PULL": "hunter2"})
	a.Kubeconfig, a.Context, a.Removal, a.Repository = "/kube", "here", "5m", "acme/shop"
	got, err := a.Open(a.Config.Preview.Deploy, "team")
	if err != nil {
		t.Fatal(err)
	}
	k := got.(*kubernetes.Target)
	if k.Kubeconfig != "/kube" || k.Context != "here" || k.Removal != 5*time.Minute || k.Namespace != "team" || k.PullSecret != "hunter2" ||
		k.Source.Manifests != "k8s" || k.Isolation.CostCentre != "food" || k.Dir != "/repo" || k.Repository != "acme/shop" {
		t.Errorf("%+v", k)
	}
	a.Removal = "soon"
	_, err = a.Open(a.Config.Preview.Deploy, "")
	fails(t, err, "--removal-timeout: ")
	a = access(t, "{target: kubernetes, manifests: k8s, pull-secret: PULL}", nil)
	_, err = a.Open(a.Config.Preview.Deploy, "")
	fails(t, err, "the variable PULL is not set")
	a.Declared = DeclaredBy(nil)
	_, err = a.Open(a.Config.Preview.Deploy, "")
	fails(t, err, "PULL is not declared by .goldenpath.yml of the base branch")
}

// TestTerraform: the variables of a workspace name its environment.
func TestTerraform(t *testing.T) {
	a := access(t, "{target: terraform, terraform: infra/preview, vars: {host: 'shop-{name}', number: '{number}'}, url: 'https://{name}.example.com'}", nil)
	got, err := a.Open(a.Config.Preview.Deploy, "")
	if err != nil {
		t.Fatal(err)
	}
	w := got.(workspaces).of("preview/pr-12")
	if diff := cmp.Diff(map[string]string{"host": "shop-pr-12", "number": "12"}, w.Vars); diff != "" {
		t.Error(diff)
	}
	if w.Install != nil || w.Remote {
		t.Error("on a person's machine nothing is installed, and a local state is possible")
	}
	a.Base, a.Workflow = "/base", true
	if got, err = a.Open(a.Config.Preview.Deploy, ""); err != nil {
		t.Fatal(err)
	}
	if on := got.(workspaces).of("preview/pr-12"); on.Dir != "/base/infra/preview" || on.Shown != "infra/preview" || on.Install == nil || !on.Remote {
		t.Errorf("in a job, with the configuration of the base: %+v", on)
	}
	if w.URL != "https://pr-12.example.com" || w.Dir != "/repo/infra/preview" || w.Data != "/state/terraform/infra-preview" || w.Guard[1] != "guard-terraform" {
		t.Errorf("%+v", w)
	}
}

// TestTerraformEnv: what the login wrote and what --variables holds for a cloud reaches
// Terraform, masked; anything else does not.
func TestTerraformEnv(t *testing.T) {
	a := access(t, "{target: terraform, terraform: infra}", nil)
	file := filepath.Join(t.TempDir(), "credentials")
	credentials := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	credentials("AWS_REGION=eu-central-1\nAWS_SESSION_TOKEN=hunter2\n")
	var masked []string
	a.Mask = func(secret string) { masked = append(masked, secret) }
	a.Credentials, a.Given, a.Kubeconfig, a.Context = file, "AWS_REGION=other\nFLY_API_TOKEN=hunter3\nDATABASE_URL=x\nGITHUB_TOKEN=y", "/kube", "here"
	got, err := a.Open(a.Config.Preview.Deploy, "")
	if err != nil {
		t.Fatal(err)
	}
	w := got.(workspaces).of("preview/pr-12")
	want := map[string]string{"AWS_REGION": "eu-central-1", "AWS_SESSION_TOKEN": "hunter2", "FLY_API_TOKEN": "hunter3", "KUBE_CONFIG_PATH": "/kube", "KUBE_CTX": "here"}
	if diff := cmp.Diff(want, w.Env); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"hunter2", "hunter3"}, masked); diff != "" {
		t.Errorf("masked (-want +got):\n%s", diff)
	}
	a.Kubeconfig = "apiVersion: v1\nclusters: []\n"
	if got, err = a.Open(a.Config.Preview.Deploy, ""); err != nil || got.(workspaces).of("preview/pr-12").Kubeconfig != a.Kubeconfig {
		t.Errorf("the text of a kubeconfig: %v", err)
	}
	credentials("GITHUB_TOKEN=hunter2\n")
	_, err = a.Open(a.Config.Preview.Deploy, "")
	fails(t, err, "--credentials: Terraform gets no variable GITHUB_TOKEN")
	a.Credentials = "/nowhere"
	_, err = a.Open(a.Config.Preview.Deploy, "")
	fails(t, err, "--credentials is not a readable file")
	a = access(t, "{target: kubernetes, manifests: k8s}", nil)
	a.Credentials = file
	_, err = a.Open(a.Config.Preview.Deploy, "")
	fails(t, err, "the login names no cluster")
}

func TestSecrets(t *testing.T) {
	environ := map[string]string{"PASSWORD": "hunter2", "GITHUB_TOKEN": "hunter2", "CLOUD": "hunter2"}
	variable := func(name string) map[string]config.Secret { return map[string]config.Secret{"X": {Variable: name}} }
	base := access(t, "{secrets: {DB: PASSWORD}}", nil).Config
	for name, tt := range map[string]struct {
		secrets   map[string]config.Secret
		declared  *Declared
		variables string
		want      target.Secret
		err       string
	}{
		"from the environment":        {secrets: variable("PASSWORD"), want: target.Secret{Value: "hunter2"}},
		"from --variables first":      {secrets: variable("PASSWORD"), variables: "PASSWORD=other", want: target.Secret{Value: "other"}},
		"from a store":                {secrets: map[string]config.Secret{"X": {Store: "vault", Key: "k"}}, want: target.Secret{Store: "vault", Key: "k"}},
		"declared by the base":        {secrets: variable("PASSWORD"), declared: DeclaredBy(base), want: target.Secret{Value: "hunter2"}},
		"not set":                     {secrets: variable("NONE"), err: "NONE is not set\ntry: set the variable, or write a line NAME=value"},
		"the run's own":               {secrets: variable("GITHUB_TOKEN"), err: "GITHUB_TOKEN is a variable of the run itself"},
		"the run's own, in any case":  {secrets: variable("kubeconfig"), err: "kubeconfig is a variable of the run itself"},
		"not declared by the base":    {secrets: variable("CLOUD"), declared: DeclaredBy(base), err: "CLOUD is not declared by .goldenpath.yml of the base branch"},
		"a base without declaration":  {secrets: variable("PASSWORD"), declared: DeclaredBy(nil), err: "PASSWORD is not declared"},
		"a store, not declared":       {secrets: map[string]config.Secret{"X": {Store: "vault", Key: "k"}}, declared: DeclaredBy(base), err: "{store: vault, key: k} is not declared"},
		"variables that do not exist": {secrets: variable("PASSWORD"), variables: "/nowhere/variables", err: "--variables is neither NAME=value lines nor a readable file"},
	} {
		t.Run(name, func(t *testing.T) {
			a := access(t, "{}", environ)
			a.Declared, a.Given = tt.declared, tt.variables
			got, err := a.read(config.Deploy{Secrets: tt.secrets}, config.Services{}, func(string) string { return "secrets" })
			if tt.err != "" {
				fails(t, err, tt.err)
			} else if err != nil || got["X"] != tt.want {
				t.Errorf("%+v, %v", got["X"], err)
			}
		})
	}
}

// TestEnvironments: a promotion reaches the two environments that it concerns, and no
// other.
func TestEnvironments(t *testing.T) {
	staging, production := targettest.New(t), targettest.New(t)
	all := Environments{"staging": staging, "production": production}
	if _, err := all.Status(t.Context(), "staging"); !errors.Is(err, target.ErrNotDeployed) {
		t.Errorf("staging: %v", err)
	}
	if _, err := all.Status(t.Context(), "other"); err == nil || !strings.Contains(err.Error(), "other is not part of this promotion") {
		t.Errorf("other: %v", err)
	}
	if _, err := all.Deploy(t.Context(), target.Deployment{Environment: "other"}); err == nil {
		t.Error("it deploys elsewhere")
	}
}

// TestServerOfBase: the run of a pull request sends previews, with their secrets, only to the
// servers of the base branch.
func TestServerOfBase(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMsQEHbr020xceHMdHWs6XybJPB9ydOTzX94HswYyk2A"
	with := func(host string) *config.Config {
		c, err := config.Parse([]byte("version: 1\napp: shop\nartifact: {image: shop, pack: dist, entrypoint: [/s]}\npreview: {target: server, url: \"https://pr-{number}.shop.test\", server: {host: " + host + ", host-key: " + key + "}}\nenvironments: {production: {}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for base, allowed := range map[string]bool{"shop.test": true, "other.test": false, "": false} {
		a := Access{Config: with("shop.test"), Getenv: func(string) string { return "" }, Declared: DeclaredBy(nil)}
		if base != "" {
			a.Declared = DeclaredBy(with(base))
		}
		_, err := a.Open(a.Config.Preview.Deploy, "")
		if (err == nil) != allowed || err != nil && !strings.Contains(err.Error(), "base branch") {
			t.Errorf("base %q: %v", base, err)
		}
	}
}
