package targets

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
	"github.com/seed-b235b314/goldenpath/internal/target/terraform"
)

func (a Access) terraform(d config.Deploy) (preview.Target, error) {
	secrets, err := a.read(d, config.Services{}, func(name string) string { return "secrets." + name })
	if err != nil {
		return nil, err
	}
	env, err := a.terraformEnv()
	if err != nil {
		return nil, err
	}
	folder := strings.NewReplacer("/", "-", string(filepath.Separator), "-").Replace(d.Terraform)
	install := a.installer()
	return workspaces{folder: d.Terraform, backend: d.Backend, of: func(environment string) *terraform.Target {
		words := target.Words(environment)
		vars := map[string]string{}
		for k, v := range d.Vars {
			vars[k] = words.Replace(v)
		}
		return &terraform.Target{
			Dir: filepath.Join(cmp.Or(a.Base, a.Dir), filepath.FromSlash(d.Terraform)), Shown: d.Terraform, Vars: vars, Secrets: secrets, Backend: d.Backend, URL: words.Replace(d.URL),
			Data: filepath.Join(a.State, "terraform", folder), Guard: []string{a.Self, "guard-terraform"},
			Install: install, Remote: a.Workflow, Env: env, Kubeconfig: kubernetes.KubeconfigText(a.Kubeconfig),
		}
	}}, nil
}

// installer returns the function that installs OpenTofu, once in a process. On a machine of
// a person nothing is installed.
func (a Access) installer() terraform.Installer {
	if !a.Workflow {
		return nil
	}
	var once sync.Mutex
	var program string
	return func(ctx context.Context) (string, error) {
		once.Lock()
		defer once.Unlock()
		var err error
		if program == "" {
			program, err = terraform.OpenTofu.Install(ctx, filepath.Join(a.State, "terraform"))
		}
		return program, err
	}
}

// terraformEnv returns the environment variables that only Terraform gets: what the login
// to a cloud has written, those of --variables whose names Terraform's own settings and
// clouds use, and the kubeconfig if it is a file.
func (a Access) terraformEnv() (map[string]string, error) {
	env, err := a.given()
	if err != nil {
		return nil, err
	}
	if env = maps.Clone(env); env == nil {
		env = map[string]string{}
	}
	maps.DeleteFunc(env, func(name, _ string) bool { return !terraform.Passes(name) })
	if a.Kubeconfig != "" && kubernetes.KubeconfigText(a.Kubeconfig) == "" {
		env["KUBE_CONFIG_PATH"] = a.Kubeconfig
	}
	if a.Context != "" {
		env["KUBE_CTX"] = a.Context
	}
	if a.Credentials != "" {
		login, err := a.login()
		if err != nil {
			return nil, err
		}
		maps.Copy(env, login)
	}
	if a.Mask != nil {
		for _, name := range slices.Sorted(maps.Keys(env)) {
			if terraform.Confidential(name) {
				a.Mask(env[name])
			}
		}
	}
	return env, nil
}

// login reads the file of --credentials.
func (a Access) login() (map[string]string, error) {
	b, err := os.ReadFile(a.Credentials)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("--credentials is not a readable file: %v", err))
	}
	all, err := parseVariables("--credentials", string(b))
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !terraform.Passes(name) {
			return nil, report.Usage(fmt.Sprintf("--credentials: Terraform gets no variable %.60s: use the names that the provider of your cloud reads, such as AWS_ACCESS_KEY_ID", name))
		}
	}
	return all, nil
}
