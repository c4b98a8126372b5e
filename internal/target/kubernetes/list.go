package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// List iterates over the previews of the app in this repository, 500 namespaces a page.
// Each preview is read from the metadata of its namespace.
func (t *Target) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return func(yield func(target.Running, error) bool) {
		c, err := t.connect(ctx)
		if err != nil {
			yield(target.Running{}, err)
			return
		}
		selector := map[string]string{kindLabel: "preview", Domain + "/app": labelValue(t.App)}
		if t.Repository != "" {
			selector[repositoryLabel] = labelValue(t.Repository)
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(selector)) {
			parts = append(parts, k+"="+selector[k])
		}
		if t.Repository == "" {
			parts = append(parts, "!"+repositoryLabel)
		}
		seen := map[types.UID]bool{} // a list that is restarted repeats namespaces
		o := metav1.ListOptions{LabelSelector: strings.Join(parts, ","), Limit: 500}
		for {
			var page *metav1.PartialObjectMetadataList
			err := c.try(ctx, func(ctx context.Context) (err error) {
				page, err = c.metadata.Resource(namespaces).List(ctx, o)
				return err
			})
			if apierrors.IsResourceExpired(err) && o.Continue != "" {
				// The caller removes previews between two pages, which takes longer than the
				// server keeps a list.
				o.Continue = resume(err)
				continue
			}
			if err != nil {
				yield(target.Running{}, fmt.Errorf("cannot list the previews in %s: %w", c.host, err))
				return
			}
			for i := range page.Items {
				if seen[page.Items[i].GetUID()] {
					continue
				}
				seen[page.Items[i].GetUID()] = true
				if !yield(t.listed(&page.Items[i]), nil) {
					return
				}
			}
			if o.Continue = page.Continue; o.Continue == "" {
				return
			}
		}
	}
}

// resume returns the token that continues a list whose token has expired, or "" if the
// list must be read from the beginning.
func resume(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Continue
	}
	return ""
}

// listed reads a preview from its namespace. If the namespace's name does not match the
// environment in its labels, the labels were edited by hand. Then listed derives the
// environment from the number of the pull request, or returns an empty one: with the
// edited name, a removal would remove another namespace.
func (t *Target) listed(m metav1.Object) target.Running {
	r := runningOf(m)
	r.Alive = !r.Leaving
	if t.namespace(r.Environment) == m.GetName() {
		return r
	}
	if r.Environment != "" {
		r.Notes = append(r.Notes, fmt.Sprintf("namespace %s is marked as %s, which was edited by hand", m.GetName(), clip(r.Environment)))
	}
	r.Environment = ""
	if guess := fmt.Sprintf("%spr-%s", previewPrefix, m.GetLabels()[Domain+"/pull-request"]); t.namespace(guess) == m.GetName() {
		r.Environment = guess
	}
	return r
}
