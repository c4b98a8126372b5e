// Package kubernetes deploys charts, kustomizations and manifests into a namespace
// of a cluster, the same way for previews, staging and production.
//
// What is rendered is applied with server-side apply, recorded in an inventory
// inside the namespace, pruned by it, and waited for until it is ready or a reason
// is found that a person can act on. The namespace of a preview carries labels that
// say whose it is, so that it is found without any other memory.
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

// manager is who owns the fields that are applied.
const manager = "goldenpath"

// Target is a cluster, and what is deployed into it.
type Target struct {
	Kubeconfig   string // path of a file, or its text; "": found as kubectl finds it
	Context      string // "": the current one of the kubeconfig
	App          string
	Repository   string        // owner/name
	Dir          string        // checkout that Source is relative to
	Source       render.Source // its Set may hold placeholders
	ReplaceImage string        // image repository that stands for the artifact in what is rendered
	Namespace    string        // of an environment that is no preview
	URL          string        // with {name} and {number}; "": found in what is deployed
	Isolation    Isolation
	PullSecret   string        // a .dockerconfigjson; "": none
	Removal      time.Duration // how long a removal is waited for; default 3 minutes
	Patience     time.Duration // how long the cluster may not answer; default 1 minute

	mu   sync.Mutex
	open *cluster
}

// Isolation is the walls of a preview's namespace.
type Isolation struct {
	IngressFrom []string // namespaces; empty: all but other previews
	Egress      string   // "internet", or none
	CPU, Memory string   // quotas of limits
	Pods        int
	CostCentre  string
	Kinds       []string // that are not Kubernetes' own and may be deployed all the same: "Rollout.argoproj.io"
}

const previewPrefix = "preview/"

// previewName is the name of a preview, or false for another environment.
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

// Now is the time by the cluster's clock: what is due is judged by one clock,
// whichever machine asks.
func (t *Target) Now(ctx context.Context) (time.Time, error) {
	c, err := t.connect(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return c.now(ctx)
}
