package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// waitReady waits until the URL of the environment is healthy and responds with the
// deployed commit.
func (x *deployment) waitReady(ctx context.Context, live []*unstructured.Unstructured) (err error) {
	c := x.cluster
	if x.running.URL, err = c.address(ctx, x.plan, live, x.Ready.Timeout); err != nil {
		return err
	}
	if err := x.verifyImages(ctx); err != nil {
		return err
	}
	alive := x.alive(ctx, live)
	var ended error // why the wait ended early: it is not about the answers of the app
	proof, err := target.WaitReady(ctx, x.running.URL, x.Ready, []string{x.Commit, x.Digest, x.running.PlatformDigest}, func(error) error {
		ended = alive()
		return ended
	})
	if err != nil {
		if ended != nil || ctx.Err() != nil {
			return err
		}
		return &target.Failure{
			NotUp: true, What: x.running.URL + " does not respond as required", Detail: append([]string{err.Error()}, c.warnings(ctx, x.namespace, 2)...),
			Remedy: "check preview.ready and the log of the app; this machine must be able to reach the URL",
		}
	}
	x.say("ready", proof.Health+"; "+proof.Version)
	return nil
}

// alive returns a function that ends the wait with an error once the app cannot become
// ready. It is needed because Kubernetes reports an app without a probe as ready until
// the app crashes.
func (x *deployment) alive(ctx context.Context, live []*unstructured.Unstructured) func() error {
	checked := time.Now()
	return func() error {
		if err := x.Proceed(); err != nil {
			return err
		}
		if time.Since(checked) < time.Second {
			return nil
		}
		checked = time.Now()
		reason, err := x.cluster.diagnose(ctx, x.namespace, live)
		if err != nil || reason == nil || !reason.final {
			return err
		}
		return reason.failure()
	}
}

// verifyImages reads from the pods which image the nodes run, and returns an error if
// that image is not the artifact.
func (x *deployment) verifyImages(ctx context.Context) error {
	all, err := x.cluster.list(ctx, x.cluster.objects.Resource(pods).Namespace(x.namespace), metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot read back what runs in %s: %w", x.namespace, err)
	}
	found := false
	for _, p := range all {
		if p.GetDeletionTimestamp() != nil {
			continue
		}
		wanted := map[string]bool{}
		for _, cont := range containers(mapAt(p.Object, "spec")) {
			if cont["image"] == x.Reference {
				name, _ := cont["name"].(string)
				wanted[name] = true
			}
		}
		statuses, _, _ := unstructured.NestedSlice(p.Object, "status", "containerStatuses")
		for _, e := range statuses {
			m, _ := e.(map[string]any)
			name, _ := m["name"].(string)
			id, _ := m["imageID"].(string)
			if !wanted[name] || id == "" {
				continue
			}
			found = true
			_, digest, _ := strings.Cut(id, "@")
			if digest != "" && digest != x.Digest && digest != x.running.PlatformDigest && !x.config(digest) {
				return &target.Failure{What: fmt.Sprintf("pod/%s runs %s, not the artifact", p.GetName(), digest), Remedy: "find out what else deploys into " + x.namespace}
			}
		}
	}
	if !found {
		return &target.Failure{What: "no pod of " + x.namespace + " runs the artifact", Remedy: "set replicas to at least 1"}
	}
	return nil
}

// config reports whether a digest is that of the image's configuration, which some nodes
// report instead of the manifest's digest.
func (x *deployment) config(digest string) bool {
	if x.Image == nil {
		return false
	}
	h, err := x.Image.ConfigName()
	return err == nil && h.String() == digest
}
