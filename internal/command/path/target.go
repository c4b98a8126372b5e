package path

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
	"github.com/seed-b235b314/goldenpath/internal/target/terraform"
)

// Cluster are the flags that say where a cluster is.
type Cluster struct {
	Kubeconfig string `help:"File, or the text of one, that says where the cluster is. Default: as kubectl finds it." placeholder:"FILE" group:"where"`
	Context    string `help:"Context of the kubeconfig. Default: its current one." placeholder:"NAME" group:"where"`
	Variables  string `help:"Lines NAME=value, or a file with them, which what secrets in .goldenpath.yml names is looked up in before the environment." placeholder:"FILE" group:"where"`
	Removal    string `name:"removal-timeout" help:"How long a removal may take before it is told what holds it. Default: 3m." placeholder:"DURATION" group:"where"`
}

// targetOf is what reaches an environment: previews, staging and production are
// reached the same way.
func (w *world) targetOf(d config.Deploy, namespace string) (preview.Target, error) {
	switch d.Target {
	case "kubernetes":
		return w.kubernetes(d, namespace)
	case "terraform":
		return w.terraform(d)
	}
	return w.target, nil
}

// environments is what reaches each environment of a promotion: the one it goes
// into, and the one it comes from.
type environments map[string]preview.Target

func (all environments) of(name string) (preview.Target, error) {
	if t := all[name]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("reach %s: it is not of this promotion", name)
}

// Deploy deploys into the environment that is named.
func (all environments) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	t, err := all.of(d.Environment)
	if err != nil {
		return target.Running{}, err
	}
	return t.Deploy(ctx, d)
}

// Status asks the environment that is named.
func (all environments) Status(ctx context.Context, environment string) (target.Running, error) {
	t, err := all.of(environment)
	if err != nil {
		return target.Running{}, err
	}
	return t.Status(ctx, environment)
}

func (w *world) kubernetes(d config.Deploy, namespace string) (preview.Target, error) {
	i := w.config.Preview.Isolation
	var err error
	t := &kubernetes.Target{
		Kubeconfig: w.cluster.Kubeconfig, Context: w.cluster.Context, App: w.config.App, Repository: w.name, Dir: w.repo,
		Source:       render.Source{Chart: d.Chart, Values: d.Values, Set: d.Set, Kustomize: d.Kustomize, Manifests: d.Manifests},
		ReplaceImage: d.ReplaceImage, Namespace: namespace, URL: d.URL,
		Isolation: kubernetes.Isolation{
			IngressFrom: i.IngressFrom, Egress: i.Egress, CPU: i.CPU, Memory: i.Memory, Pods: i.Pods, Kinds: i.Kinds, CostCentre: w.config.Preview.CostCentre,
		},
	}
	if w.cluster.Removal != "" {
		if t.Removal, err = config.ParseDuration(w.cluster.Removal); err != nil {
			return nil, report.Usage("--removal-timeout: " + err.Error())
		}
	}
	if d.PullSecret != "" {
		if t.PullSecret, err = w.pullSecret(d.PullSecret); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (w *world) terraform(d config.Deploy) (preview.Target, error) {
	secrets, err := w.secrets(d.Secrets)
	if err != nil {
		return nil, err
	}
	folder := strings.NewReplacer("/", "-", string(filepath.Separator), "-").Replace(d.Terraform)
	return workspaces(func(environment string) *terraform.Target {
		name := strings.TrimPrefix(environment, "preview/")
		words := strings.NewReplacer("{name}", name, "{number}", strings.TrimPrefix(name, "pr-"))
		vars := map[string]string{}
		for k, v := range d.Vars {
			vars[k] = words.Replace(v)
		}
		return &terraform.Target{
			Dir: filepath.Join(w.repo, filepath.FromSlash(d.Terraform)), Vars: vars, Secrets: secrets, Backend: d.Backend, URL: words.Replace(d.URL),
			Data: filepath.Join(w.state, "terraform", folder), Guard: []string{w.env.Self, "guard-terraform"},
		}
	}), nil
}

// workspaces is a target whose variables name the environment: a sweep meets many
// of them. It has no clock of its own, this machine's counts.
type workspaces func(environment string) *terraform.Target

func (of workspaces) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	return of(d.Environment).Plan(ctx, d)
}

func (of workspaces) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	return of(d.Environment).Deploy(ctx, d)
}

func (of workspaces) Status(ctx context.Context, environment string) (target.Running, error) {
	return of(environment).Status(ctx, environment)
}

func (of workspaces) Down(ctx context.Context, environment string) error {
	return of(environment).Down(ctx, environment)
}

func (of workspaces) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return of("").List(ctx)
}

func (workspaces) Now(context.Context) (time.Time, error) { return time.Now(), nil }
