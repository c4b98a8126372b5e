package targets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
)

// TestVariablesOfTheRun: no app receives a variable of the run, whatever a
// configuration, the base branch or --variables says about it.
func TestVariablesOfTheRun(t *testing.T) {
	for name, own := range map[string]bool{
		"GITHUB_TOKEN": true, "github_token": true, "GitHub_Actor": true, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": true, "ACTIONS_RUNTIME_TOKEN": true,
		"INPUT_KEY": true, "Input_Key": true, "RUNNER_TEMP": true, "KUBECONFIG": true, "kubeconfig": true, "GOLDENPATH_KEY": true, "GITHUB_": true,
		"GITHUB": false, "MY_GITHUB_TOKEN": false, "KUBECONFIG_2": false, "GOLDENPATH_KEYS": false, "INPUTS": false, "DATABASE": false, "XACTIONS_A": false,
	} {
		t.Run(name, func(t *testing.T) {
			secret := config.Secret{Variable: name}
			a := access(t, "{}", map[string]string{name: "hunter2"})
			a.Given = name + "=hunter2"
			a.Declared = &Declared{secrets: map[config.Secret]bool{secret: true}, pull: name}
			got, err := a.read(config.Deploy{Secrets: map[string]config.Secret{"X": secret}}, config.Services{}, func(string) string { return "secrets" })
			pull, pullErr := a.pullSecret(name)
			if own {
				fails(t, err, name)
				fails(t, pullErr, name)
				if len(got) > 0 || pull != "" {
					t.Errorf("it is passed: %v %q", got, pull)
				}
				return
			}
			if diff := cmp.Diff(map[string]target.Secret{"X": {Value: "hunter2"}}, got); err != nil || pullErr != nil || diff != "" || pull != "hunter2" {
				t.Errorf("%v, %v, %q\n%s", err, pullErr, pull, diff)
			}
		})
	}
}

// TestDeclared: a pull request uses what the base branch declares for any
// target, and nothing that is only similar.
func TestDeclared(t *testing.T) {
	base := func(text string) *config.Config {
		c, err := config.Parse([]byte("version: 1\napp: shop\nartifact: {image: shop, pack: dist, entrypoint: [/s]}\n" + text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	preview := base("preview: {secrets: {DB: PASSWORD}}\nenvironments: {production: {}}\n")
	stored := base("preview: {target: kubernetes, manifests: k8s, secrets: {DB: {store: vault, key: k}}, pull-secret: PULL}\nenvironments: {production: {}}\n")
	variable := config.Secret{Variable: "PASSWORD"}
	for name, tt := range map[string]struct {
		base    *config.Config
		secret  config.Secret
		allowed bool
	}{
		"declared for previews":       {preview, variable, true},
		"another case":                {preview, config.Secret{Variable: "password"}, false},
		"a store of the same name":    {preview, config.Secret{Store: "PASSWORD", Key: "PASSWORD"}, false},
		"declared of a store":         {stored, config.Secret{Store: "vault", Key: "k"}, true},
		"another key":                 {stored, config.Secret{Store: "vault", Key: "K"}, false},
		"another store":               {stored, config.Secret{Store: "vault2", Key: "k"}, false},
		"the pull secret as a secret": {stored, config.Secret{Variable: "PULL"}, false},
		"no base":                     {nil, variable, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := access(t, "{}", map[string]string{"PASSWORD": "hunter2", "password": "hunter2", "PULL": "hunter2"})
			a.Declared = DeclaredBy(tt.base)
			got, err := a.read(config.Deploy{Secrets: map[string]config.Secret{"X": tt.secret}}, config.Services{}, func(string) string { return "secrets" })
			if (err == nil) != tt.allowed || (len(got) == 1) != tt.allowed {
				t.Errorf("%v, %v", got, err)
			}
			if err != nil {
				fails(t, err, "base branch")
			}
		})
	}
	// One foreign secret among allowed ones refuses them all.
	a := access(t, "{}", map[string]string{"PASSWORD": "hunter2", "CLOUD": "hunter2", "AWS": "hunter2"})
	a.Declared = DeclaredBy(preview)
	got, err := a.read(config.Deploy{Secrets: map[string]config.Secret{"A": variable, "B": {Variable: "CLOUD"}, "C": {Variable: "AWS"}}}, config.Services{}, func(name string) string { return name })
	fails(t, err, "B: CLOUD is not declared")
	fails(t, err, "C: AWS is not declared")
	if got != nil {
		t.Errorf("%v", got)
	}
}

// TestVariablesFile: --variables is text or a file, and wins over the environment also
// with an empty value.
func TestVariablesFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "variables")
	if err := os.WriteFile(file, []byte("\n# comment\r\nA=of the file=x\r\nB<<E O F\r\none\r\n\r\ntwo\r\nE O F\r\nC=\nA=again\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := access(t, "{}", map[string]string{"A": "hunter2", "C": "hunter2", "D": "of the environment"})
	a.Given = file
	variable, err := a.variables()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "again", "B": "one\n\ntwo", "C": "", "D": "of the environment", "E": ""} {
		if got := variable(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, text := range map[string]string{
		"a folder": t.TempDir(), "a file that does not exist": file + "2", "a name with a quote": "A=1\n\"hunter2\"=2", "export": "export A=hunter2",
		"a word that does not end": "A<<EOF\nhunter2\nEOF2", "a value before the name": "hunter2", "an empty word": "A<<\nhunter2\n",
	} {
		a.Given = text
		_, err := a.variables()
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		fails(t, err, "--variables")
	}
}

// TestWorkspaces: each preview of Terraform has its own variables, and no name of an
// environment leads out of the folder for data.
func TestWorkspaces(t *testing.T) {
	a := access(t, "{target: terraform, terraform: infra/a/b, vars: {n: '{name}', m: '{number}-{name}', plain: x, twice: '{name}{name}'}, secrets: {password: PASSWORD}, url: 'https://{name}.{number}.example.com'}",
		map[string]string{"PASSWORD": "hunter2"})
	got, err := a.Open(a.Config.Preview.Deploy, "")
	if err != nil {
		t.Fatal(err)
	}
	for environment, want := range map[string]map[string]string{
		"preview/pr-7": {"n": "pr-7", "m": "7-pr-7", "plain": "x", "twice": "pr-7pr-7", "url": "https://pr-7.7.example.com"},
		"preview/main": {"n": "main", "m": "main-main", "plain": "x", "twice": "mainmain", "url": "https://main.main.example.com"},
		"production":   {"n": "production", "m": "production-production", "plain": "x", "twice": "productionproduction", "url": "https://production.production.example.com"},
		"preview/{number}": {"n": "{number}", "m": "{number}-{number}", "plain": "x", "twice": "{number}{number}",
			"url": "https://{number}.{number}.example.com"}, // what is inserted is not expanded again
	} {
		w := got.(workspaces).of(environment)
		have := map[string]string{"url": w.URL}
		for k, v := range w.Vars {
			have[k] = v
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s: %s", environment, diff)
		}
		if w.Data != "/state/terraform/infra-a-b" || w.Dir != "/repo/infra/a/b" || w.Secrets["password"].Value != "hunter2" {
			t.Errorf("%+v", w)
		}
	}
}

// TestRemovalTimeout: a removal of Kubernetes takes the durations of the configuration.
func TestRemovalTimeout(t *testing.T) {
	for text, want := range map[string]string{"": "0s", "90s": "1m30s", "1h": "1h0m0s", "5": "", "m": "", "-": "", "5 minutes": ""} {
		a := access(t, "{target: kubernetes, manifests: k8s}", nil)
		a.Removal = text
		got, err := a.Open(a.Config.Preview.Deploy, "")
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "--removal-timeout") {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err != nil || got.(*kubernetes.Target).Removal.String() != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
