package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// afterFailure restores the previous generation or removes the failed one, and records
// the result in f.Kept. held ends when the lease is lost, as it is while the namespace with
// the lease is removed: the removal goes on.
func (x *deployment) afterFailure(ctx, held context.Context, f *target.Failure) {
	c := x.cluster
	if !x.KeepFailed && x.preview {
		if err := x.Down(ctx, x.Environment); err != nil {
			f.Kept = "namespace " + x.namespace + ", which could not be removed: " + err.Error()
			return
		}
		f.Kept = "nothing: the environment was removed (on-failure: remove)"
		return
	}
	g := x.inventory.Good
	if g == nil {
		f.Kept = "namespace " + x.namespace + ", for inspection"
		return
	}
	all, err := x.goodObjects(held)
	var live []*unstructured.Unstructured
	if err == nil {
		live, err = c.applyAll(held, all, x.preview)
	}
	if err == nil {
		err = c.await(held, x.namespace, live, unready, x.Ready.Timeout, func() error { return nil })
	}
	if err != nil {
		f.Kept = fmt.Sprintf("namespace %s; generation %d could not be restored: %v", x.namespace, g.Generation, err)
		return
	}
	support := x.support()
	gone := x.inventory.obsolete(slices.Concat(all, x.plan.hookObjects(), support))
	x.inventory.Hash = g.Hash
	x.running.Commit, x.running.Digest, x.running.PlatformDigest, x.running.URL = g.Commit, g.Digest, g.PlatformDigest, g.URL
	x.running.Generation, x.running.Started = g.Generation, g.Started
	_, err = c.prune(held, x.namespace, gone)
	if err == nil {
		err = c.writeInventory(held, x.namespace, x.inventory)
	}
	if err == nil {
		err = x.mark(held)
	}
	f.Kept = fmt.Sprintf("generation %d (%s) serves again", g.Generation, short7(g.Commit))
	if err != nil {
		f.Kept += "; " + err.Error()
	}
}

// goodObjects returns the objects of the last good generation. They are checked like
// rendered objects, because the app may be able to write to the Secret that stores them.
func (x *deployment) goodObjects(ctx context.Context) ([]*unstructured.Unstructured, error) {
	all, err := x.inventory.restore()
	if err != nil {
		return nil, err
	}
	if all == nil {
		return nil, errors.New("the previous deployment was too large to be kept")
	}
	all, problems, err := x.plan.own(ctx, x.cluster, all, x.preview)
	if err != nil {
		return nil, err
	}
	if x.preview {
		problems = append(problems, x.plan.refuse(all, x.Isolation.Kinds)...)
	}
	if len(problems) > 0 {
		return nil, &target.Refusal{Problems: problems}
	}
	return all, nil
}

func short7(commit string) string { return commit[:min(7, len(commit))] }
