// Package kubernetes deploys charts, kustomizations and manifests into a namespace
// of a cluster, the same way for previews, staging and production.
//
// Deploy renders the objects, applies them with server-side apply, records them in an
// inventory inside the namespace, prunes what is no longer rendered, and waits until the
// objects are ready or the reason why not is known. Labels on the namespace of a preview
// describe it, so List finds it without other records.
package kubernetes

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/render"
)

// Domain is the prefix of the labels and annotations goldenpath sets.
const Domain = "goldenpath.seed-b235b314.github.io"

// manager is the field manager of server-side apply.
const manager = "goldenpath"

// Target deploys the objects of Source into a cluster.
type Target struct {
	Kubeconfig   string // path of a file, or its text; "": found as kubectl finds it
	NoKubeconfig string // what an error says, with the remedy, if there is no kubeconfig; "": a text for a terminal
	Context      string // "": the current one of the kubeconfig
	App          string
	Repository   string        // owner/name
	Dir          string        // checkout that Source is relative to
	Source       render.Source // its Set may contain placeholders
	ReplaceImage string        // image repository that the artifact replaces in the rendered objects
	Namespace    string        // of an environment other than a preview
	URL          string        // with {name} and {number}; "": derived from the deployed objects
	Isolation    Isolation
	ImageDigest  func(ctx context.Context, image string) (string, error) // of an image in a registry; nil: asks the registry
	PullSecret   string                                                  // a .dockerconfigjson; "": none
	Removal      time.Duration                                           // how long to wait for a removal; default 3 minutes
	Patience     time.Duration                                           // how long the cluster may fail to respond; default 1 minute

	mu   sync.Mutex
	open *cluster
}

// Isolation limits what a preview's namespace can use and reach.
type Isolation struct {
	IngressFrom []string // namespaces; empty: all but other previews
	Egress      string   // "internet", or none
	CPU, Memory string   // quotas of limits
	Pods        int
	CostCentre  string
	Kinds       []string // custom kinds that may be deployed: "Rollout.argoproj.io"
}

const previewPrefix = "preview/"

// previewName returns the name of a preview, or false for another environment.
func previewName(environment string) (string, bool) {
	return strings.CutPrefix(environment, previewPrefix)
}

func (t *Target) namespace(environment string) string {
	if name, ok := previewName(environment); ok {
		return namespaceName(t.App, name, t.Repository)
	}
	return t.Namespace
}

func (t *Target) removal() time.Duration {
	if t.Removal > 0 {
		return t.Removal
	}
	return 3 * time.Minute
}

// Now returns the time by the cluster's clock, so that every machine uses the same clock
// to decide what has expired.
func (t *Target) Now(ctx context.Context) (time.Time, error) {
	c, err := t.connect(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return c.now(ctx)
}
