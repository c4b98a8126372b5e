// Package targets opens the deployment targets that a configuration names, with the secrets
// that the configuration may pass to the targets.
package targets

import (
	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
)

// Access holds the values that are needed to open targets.
type Access struct {
	Config     *config.Config
	Repository string         // owner/name on GitHub, or ""
	Dir        string         // working tree
	Folder     string         // of the app in the repository, slash-separated; "": the top
	State      string         // folder for Terraform's data
	Base       string         // checkout of the base commit, whose Terraform configuration a pull request uses; "": Dir
	Self       string         // this executable, which guards Terraform
	Process    preview.Target // for target: process
	Getenv     func(string) string
	Git        git.Repository       // of Dir
	Images     *artifact.Repository // where the image of the app is, for servers
	Declared   *Declared            // what the configuration may read; nil: everything that it names

	Mask     func(secret string) // called with each secret that is read; nil: not called
	Workflow bool                // this is a job, whose machine ends with it and whose secrets the workflow names

	// Flags; each may be "".
	Kubeconfig  string // file, or the text of one
	Context     string // of the kubeconfig
	Credentials string // file with lines NAME=value, for Terraform
	Given       string // --variables: lines NAME=value, or a file of them
	SSHKeys     string // folder of the keys that host bootstrap made
	SSHKey      string // text of a private key, or a file with one
	Removal     string // duration after which a removal reports what blocks it
}

// Open returns the target of an environment or of the previews. namespace is the
// namespace of the environment, or "" for previews, which have one namespace each.
func (a Access) Open(d config.Deploy, namespace string) (preview.Target, error) {
	switch d.Target {
	case "kubernetes":
		return a.kubernetes(d, namespace)
	case "terraform":
		return a.terraform(d)
	case "server":
		return a.server(d)
	}
	return a.Process, nil
}

func (a Access) kubernetes(d config.Deploy, namespace string) (preview.Target, error) {
	if a.Credentials != "" && a.Kubeconfig == "" {
		return nil, report.Usage("the login names no cluster, and target kubernetes needs one: set aws.cluster, google.cluster or azure.cluster in input login")
	}
	i := a.Config.Preview.Isolation
	var err error
	t := &kubernetes.Target{
		Kubeconfig: a.Kubeconfig, Context: a.Context, App: a.Config.App, Repository: a.Repository, Dir: a.Dir,
		Source:       render.Source{Chart: d.Chart, Values: d.Values, Set: d.Set, Kustomize: d.Kustomize, Manifests: d.Manifests},
		ReplaceImage: d.ReplaceImage, Namespace: namespace, URL: d.URL,
		Isolation: kubernetes.Isolation{
			IngressFrom: i.IngressFrom, Egress: i.Egress, CPU: i.CPU, Memory: i.Memory, Pods: i.Pods, Kinds: i.Kinds, CostCentre: a.Config.Preview.CostCentre,
		},
	}
	if a.Removal != "" {
		if t.Removal, err = config.ParseDuration(a.Removal); err != nil {
			return nil, report.Usage("--removal-timeout: " + err.Error())
		}
	}
	if d.PullSecret != "" {
		if t.PullSecret, err = a.pullSecret(d.PullSecret); err != nil {
			return nil, err
		}
	}
	if a.Workflow {
		t.NoKubeconfig = noKubeconfig
	}
	return t, nil
}

// noKubeconfig explains an empty kubeconfig in a workflow (actions/runner#1490, #3206).
const noKubeconfig = "the workflow passed no kubeconfig: the secret that it names does not exist, or it exists only in an environment, whose secrets a called workflow gets empty" +
	"\n  try: set KUBECONFIG as a secret of the repository (PREVIEW_KUBECONFIG for previews), or log in to the cloud with the input login; goldenpath doctor shows which secrets are missing"
