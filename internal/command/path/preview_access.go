package path

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
	"github.com/seed-b235b314/goldenpath/internal/targets"
)

// PreviewAccess is `goldenpath preview access`.
type PreviewAccess struct {
	Environment string `help:"Give access to this environment only: preview, or one of .goldenpath.yml. Default: all whose target is kubernetes." placeholder:"NAME"`
	Namespace   string `help:"Namespace for the service accounts." default:"goldenpath" placeholder:"NAME"`
	File        string `name:"output" help:"Write the manifest to this file instead of printing it." placeholder:"FILE" type:"path"`
	Repo        string `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
	command.Output
}

// Help is shown by --help.
func (PreviewAccess) Help() string {
	return `Prints a manifest with the service accounts that deploy from GitHub, one for previews and one for the other environments, with the rights that goldenpath and the rendered chart, kustomization or manifests need. Also prints the commands that apply the manifest, make a kubeconfig for each account and store it as a secret of the repository. Needs no cluster. Run it again when the chart gets a new kind of object.

The manifest goes to standard output and everything else to standard error: goldenpath preview access | kubectl apply --filename -`
}

// Do prints the manifest and the commands.
func (c *PreviewAccess) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if !resourceName.MatchString(c.Namespace) || len(c.Namespace) > 63 {
		return nil, report.Usage(fmt.Sprintf("--namespace %.70q is not a name of a namespace: use lower-case letters, digits and hyphens", c.Namespace))
	}
	repo, folder, err := application(ctx, env, c.Repo)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(repo.Dir(), filepath.FromSlash(folder))
	cfg, err := config.Read(dir)
	if err != nil {
		return nil, err
	}
	accounts, err := c.accounts(ctx, cfg, dir)
	if err != nil {
		return nil, err
	}
	manifest, err := manifestOf(accounts)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "preview access", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	r.Title = english.Plural(len(accounts), "service account", "")
	for _, a := range accounts {
		r.Checks = append(r.Checks, report.Check{Name: a.name, State: report.OK, Result: "deploys " + english.WordSeries(a.environments, "and"), Note: "secret " + a.secret})
	}
	own := "goldenpath preview access"
	if c.Environment != "" {
		own += " --environment " + c.Environment
	}
	if c.Namespace != "goldenpath" {
		own += " --namespace " + c.Namespace
	}
	apply, err := deliver(env, c.Output, c.File, manifest, r, own)
	if err != nil {
		return nil, err
	}
	r.Sections = []report.Section{{Title: "commands for an administrator of the cluster, in this repository", Open: true, Text: commands(accounts, apply)}}
	return r, nil
}

// deliver prints a manifest, or writes it to a file, and returns the command that applies it.
// own is the command that prints it.
func deliver(env *command.Env, o command.Output, file, manifest string, r *report.Report, own string) (apply string, err error) {
	r.SetData(map[string]string{"manifest": manifest})
	apply = own + " | kubectl apply --filename -"
	switch {
	case file != "":
		if err := os.WriteFile(file, []byte(manifest), 0o644); err != nil {
			return "", report.Usage(fmt.Sprintf("cannot write the manifest: %v: set --output to a file in a folder that exists", err))
		}
		apply = "kubectl apply --filename '" + strings.ReplaceAll(file, "'", `'\''`) + "'"
		r.Title += " in " + filepath.Base(file)
	case !o.JSON:
		if _, err := fmt.Fprint(env.Stdout, manifest); err != nil {
			return "", err
		}
		env.Stdout, env.Out = env.Stderr, env.Err // the report; what is printed can be piped to kubectl
	}
	env.Out = report.Screen{Colour: env.Out.Colour} // a wrapped command could not be pasted
	return apply, nil
}

// resourceName matches the names that Kubernetes accepts for a namespace.
var resourceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// account is a service account with what it may do.
type account struct {
	namespace, name string
	secret          string // of the repository on GitHub
	environments    []string
	rights          []kubernetes.Access
}

// accounts returns the account for previews, which runs of pull requests use, and the
// account for the other environments.
func (c *PreviewAccess) accounts(ctx context.Context, cfg *config.Config, dir string) ([]account, error) {
	preview := account{namespace: c.Namespace, name: cfg.App + "-previews", secret: "PREVIEW_KUBECONFIG"}
	deploy := account{namespace: c.Namespace, name: cfg.App + "-deploy", secret: "KUBECONFIG"}
	known := append([]string{"preview"}, cfg.Chain()...)
	if c.Environment != "" && !slices.Contains(known, c.Environment) {
		return nil, report.Usage(fmt.Sprintf("--environment %.60q is not in .goldenpath.yml: set one of %s", c.Environment, strings.Join(known, ", ")))
	}
	for _, name := range known {
		a, d, namespace, environment := &deploy, config.Deploy{}, "", name
		if name == "preview" {
			a, d, environment = &preview, cfg.Preview.Deploy, "preview/pr-1"
		} else {
			d, namespace = cfg.Environments[name].Deploy, cfg.Environments[name].Namespace
		}
		if c.Environment != "" && c.Environment != name {
			continue
		}
		if d.Target != "kubernetes" {
			if c.Environment != "" {
				return nil, report.Usage(fmt.Sprintf("the target of %s in .goldenpath.yml is %s: only kubernetes needs a service account", name, d.Target))
			}
			continue
		}
		d.PullSecret = "" // only a deployment reads it
		opened, err := targets.Access{Config: cfg, Dir: dir, Getenv: os.Getenv}.Open(d, namespace)
		if err != nil {
			return nil, err
		}
		t, ok := opened.(*kubernetes.Target)
		if !ok {
			return nil, fmt.Errorf("the target of %s is %T", name, opened)
		}
		needs := kubernetes.Needs{Migrate: d.Migrate.Set(), Services: len(target.ServicesOf(cfg.Services).Wanted(nil)) > 0}
		for _, s := range d.Secrets {
			needs.Stores = needs.Stores || s.Store != ""
		}
		rights, err := t.Access(ctx, environment, needs)
		if err != nil {
			return nil, fmt.Errorf("cannot find out what %s deploys: %w", name, err)
		}
		a.environments, a.rights = append(a.environments, name), append(a.rights, rights)
	}
	var out []account
	for _, a := range []account{preview, deploy} {
		if len(a.rights) > 0 {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, report.Usage("no target in .goldenpath.yml is kubernetes, so no service account is needed: previews and releases on GitHub need target: kubernetes with a chart, a kustomization or manifests")
	}
	return out, nil
}

// manifestOf returns the manifest of the accounts. Every name is checked by the schema of
// the configuration or by resourceName; what a chart names is encoded as JSON.
func manifestOf(accounts []account) (string, error) {
	var b strings.Builder
	b.WriteString("# Access of goldenpath to a Kubernetes cluster, written by goldenpath preview access.\n")
	seen := map[string]bool{}
	var failed error
	add := func(about, api, kind, place, fields string) {
		if key := kind + place; !seen[key] {
			seen[key] = true
			fmt.Fprintf(&b, "---\n%sapiVersion: %s\nkind: %s\nmetadata: {%s}\n%s", about, api, kind, place, fields)
		}
	}
	for _, a := range accounts {
		own := "namespace: " + a.namespace + ", name: " + a.name
		role := func(about, kind, place, name string, rules []kubernetes.Rule) {
			lines := "rules:\n"
			for _, rule := range rules {
				line, err := json.Marshal(rule)
				failed = errors.Join(failed, err)
				lines += "- " + string(line) + "\n"
			}
			add(about, "rbac.authorization.k8s.io/v1", kind, place, lines)
			add("", "rbac.authorization.k8s.io/v1", kind+"Binding", place,
				"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: "+kind+", name: "+name+"}\nsubjects: [{kind: ServiceAccount, "+own+"}]\n")
		}
		add("", "v1", "Namespace", "name: "+a.namespace, "")
		add("# Deploys "+english.WordSeries(a.environments, "and")+".\n", "v1", "ServiceAccount", own, "automountServiceAccountToken: false\n")
		add("# The token of the account. It is valid until this Secret is deleted.\n", "v1", "Secret",
			own+", annotations: {kubernetes.io/service-account.name: "+a.name+"}", "type: kubernetes.io/service-account-token\n")
		var cluster []kubernetes.Rule
		about := "# The namespaces of the environments, and what goldenpath reads outside them.\n"
		for i, r := range a.rights {
			if a.environments[i] == "preview" {
				about = "# Each preview has a namespace of its own. RBAC can allow its creation only in the whole cluster,\n# so these rights include every Secret: use a separate cluster for previews.\n"
			}
			for _, rule := range r.Cluster {
				if !slices.ContainsFunc(cluster, func(e kubernetes.Rule) bool { return reflect.DeepEqual(e, rule) }) {
					cluster = append(cluster, rule)
				}
			}
		}
		role(about, "ClusterRole", "name: goldenpath-"+a.name, "goldenpath-"+a.name, cluster)
		for i, r := range a.rights {
			about := "# What goldenpath reads and writes in " + a.environments[i] + ".\n"
			if a.environments[i] == "preview" {
				about = "# The ledger of previews: which exist, when they expire, and what they cost.\n"
			}
			add("", "v1", "Namespace", "name: "+r.Namespace, "")
			role(about, "Role", "namespace: "+r.Namespace+", name: "+a.name, a.name, r.Inside)
		}
	}
	return b.String(), failed
}

// commands returns the shell commands that apply the manifest and store a kubeconfig of
// each account on GitHub. They also work with indented lines.
func commands(accounts []account, apply string) string {
	var b strings.Builder
	b.WriteString(apply + `
server=$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
authority=$(kubectl config view --minify --flatten --raw --output 'jsonpath={.clusters[0].cluster.certificate-authority-data}')
kubeconfig() {
  until token=$(kubectl --namespace "$1" get secret "$2" --output 'jsonpath={.data.token}') && [ -n "$token" ]; do sleep 1; done
  printf '{"apiVersion": "v1", "kind": "Config", "current-context": "%s", "contexts": [{"name": "%s", "context": {"cluster": "%s", "user": "%s"}}],
    "clusters": [{"name": "%s", "cluster": {"server": "%s", "certificate-authority-data": "%s"}}], "users": [{"name": "%s", "user": {"token": "%s"}}]}' \
    "$2" "$2" "$2" "$2" "$2" "$server" "$authority" "$2" "$(printf %s "$token" | base64 --decode)"
}
`)
	for _, a := range accounts {
		fmt.Fprintf(&b, "kubeconfig %s %s | gh secret set %s\n", a.namespace, a.name, a.secret)
	}
	return b.String()
}
