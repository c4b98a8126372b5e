package kubernetes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// A deployment holds the lease of its namespace. If it stops renewing the lease, it has
// ended, and the next deployment takes over. The waiting deployment measures the time
// since the last renewal with its own clock, so the clocks of two machines are never
// compared.
const (
	leaseName  = "goldenpath"
	leaseEvery = 4 * time.Second
	leaseDead  = 15 * time.Second
)

// lease is the lease of a namespace, which this deployment holds until it calls release.
type lease struct {
	cluster   *cluster
	namespace string
	holder    string
	last      *unstructured.Unstructured // as last written
	cancel    context.CancelCauseFunc
	done      chan struct{}
}

// acquire waits for the lease of a namespace. It stops waiting when proceed returns an
// error. The returned context is cancelled when the lease is lost.
func (c *cluster) acquire(ctx context.Context, namespace string, proceed func() error, say func(target.Phase)) (context.Context, *lease, error) {
	l := &lease{cluster: c, namespace: namespace, holder: manager + "-" + rand.Text()[:12]}
	start, seen, since := time.Now(), "", time.Now()
	for last := time.Now(); ; last = time.Now() {
		free, state, err := l.take(ctx, seen, since)
		if leaving(err) {
			return nil, nil, fmt.Errorf("cannot take the lease of %s: %w: the namespace is being removed", namespace, target.ErrSuperseded)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("cannot take the lease of %s: %w", namespace, err)
		}
		if free {
			break
		}
		// While the server does not respond, the holder cannot renew the lease.
		if state != seen || time.Since(last) > leaseEvery {
			seen, since = state, time.Now()
		}
		if err := proceed(); err != nil {
			return nil, nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
	}
	if waited := time.Since(start); waited > time.Second {
		say(target.Phase{Name: "lease", Detail: "another deployment held it", Seconds: waited.Seconds()})
	}
	held, cancel := context.WithCancelCause(ctx)
	l.cancel, l.done = cancel, make(chan struct{})
	go l.renew(held)
	return held, l, nil
}

// take takes the lease if no deployment holds it, or if its holder has not renewed it since it
// was last seen in the same state.
func (l *lease) take(ctx context.Context, seen string, since time.Time) (taken bool, state string, err error) {
	r := l.cluster.objects.Resource(leases).Namespace(l.namespace)
	u, err := l.cluster.get(ctx, r, leaseName)
	if apierrors.IsNotFound(err) {
		o := object("coordination.k8s.io/v1", "Lease", l.namespace, leaseName, l.spec())
		l.last, err = l.cluster.create(ctx, r, o)
		if apierrors.IsAlreadyExists(err) {
			return false, "", nil
		}
		return err == nil, "", err
	}
	if err != nil {
		return false, "", err
	}
	holder, _, _ := unstructured.NestedString(u.Object, "spec", "holderIdentity")
	state = u.GetResourceVersion()
	if holder != "" && holder != l.holder && (state != seen || time.Since(since) < leaseDead) {
		return false, state, nil
	}
	u.Object["spec"] = l.spec()
	err = l.cluster.try(ctx, func(ctx context.Context) (err error) {
		l.last, err = r.Update(ctx, u, metav1.UpdateOptions{FieldManager: manager})
		return err
	})
	if apierrors.IsConflict(err) {
		return false, state, nil
	}
	return err == nil, state, err
}

func (l *lease) spec() map[string]any {
	return map[string]any{
		"holderIdentity": l.holder, "leaseDurationSeconds": int64(leaseDead.Seconds()),
		"renewTime": time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
}

// renew renews the lease until it is released, and cancels the deployment when the lease
// is lost.
func (l *lease) renew(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.write(ctx, l.spec())
		if errors.Is(err, target.ErrSuperseded) {
			l.cancel(err)
			return
		}
		if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
			l.cancel(fmt.Errorf("this deployment was %w: namespace %s is being removed", target.ErrSuperseded, l.namespace))
			return
		}
		// The server may not respond for a while: try again, as those who wait do.
	}
}

// release releases the lease, so that the next deployment need not wait.
func (l *lease) release(ctx context.Context) {
	l.cancel(nil)
	<-l.done
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// If this fails, the lease expires.
	_ = l.write(ctx, map[string]any{"leaseDurationSeconds": int64(leaseDead.Seconds())})
}

// write updates the lease if this deployment still holds it.
func (l *lease) write(ctx context.Context, spec map[string]any) error {
	r := l.cluster.objects.Resource(leases).Namespace(l.namespace)
	put := func(u *unstructured.Unstructured) error {
		u.Object["spec"] = spec
		live, err := r.Update(ctx, u, metav1.UpdateOptions{FieldManager: manager})
		if err == nil {
			l.last = live
		}
		return err
	}
	err := put(l.last.DeepCopy())
	if !apierrors.IsConflict(err) {
		return err
	}
	u, err := r.Get(ctx, leaseName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if holder, _, _ := unstructured.NestedString(u.Object, "spec", "holderIdentity"); holder != l.holder {
		return fmt.Errorf("this deployment was %w: another deployment into %s has taken over", target.ErrSuperseded, l.namespace)
	}
	return put(u) // the response to the last write was lost
}
