package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// answer waits until the URL is healthy and answers as this commit.
func (x *deployment) answer(ctx context.Context, live []*unstructured.Unstructured) (err error) {
	c := x.cluster
	if x.running.URL, err = c.address(ctx, x.plan, live, x.Ready.Timeout); err != nil {
		return err
	}
	if err := x.verifyImages(ctx); err != nil {
		return err
	}
	proof, err := target.WaitReady(ctx, x.running.URL, x.Ready, []string{x.Commit, x.Digest, x.running.PlatformDigest}, x.alive(ctx, live))
	if err != nil {
		if _, told := isFailure(err); told || ctx.Err() != nil || errors.Is(err, target.ErrSuperseded) {
			return err
		}
		return &target.Failure{
			What: x.running.URL + " does not answer as it should", Detail: append([]string{err.Error()}, c.warnings(ctx, x.namespace, 2)...),
			Remedy: "look at preview.ready and at what the app logs; the URL must reach the cluster from here",
		}
	}
	x.say("ready", proof.Health+"; "+proof.Version)
	return nil
}

// alive ends the wait for an answer that cannot come: an app without a probe is
// ready for a moment, and then it crashes.
func (x *deployment) alive(ctx context.Context, live []*unstructured.Unstructured) func() error {
	looked := time.Now()
	return func() error {
		if err := x.Proceed(); err != nil {
			return err
		}
		if time.Since(looked) < time.Second {
			return nil
		}
		looked = time.Now()
		reason, err := x.cluster.diagnose(ctx, x.namespace, live)
		if err != nil || reason == nil || !reason.final {
			return err
		}
		return &target.Failure{What: reason.what, Detail: reason.detail, Remedy: reason.remedy}
	}
}

// verifyImages asks the nodes which image they run: it is the artifact, or the
// deployment has not happened.
func (x *deployment) verifyImages(ctx context.Context) error {
	all, err := x.cluster.list(ctx, x.cluster.objects.Resource(pods).Namespace(x.namespace), metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("read back what runs in %s: %w", x.namespace, err)
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
				return &target.Failure{What: fmt.Sprintf("pod/%s runs %s, not the artifact", p.GetName(), digest), Remedy: "look who else deploys into " + x.namespace}
			}
		}
	}
	if !found {
		return &target.Failure{What: "no pod of " + x.namespace + " runs the artifact", Remedy: "look at replicas: at least one must run to be tried"}
	}
	return nil
}

// config reports whether the digest is that of the image's configuration, which
// some nodes name an image by.
func (x *deployment) config(digest string) bool {
	if x.Image == nil {
		return false
	}
	h, err := x.Image.ConfigName()
	return err == nil && h.String() == digest
}
