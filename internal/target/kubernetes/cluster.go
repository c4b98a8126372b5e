package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var (
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	secrets    = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	pods       = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	events     = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	services   = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	nodes      = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	leases     = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
)

// cluster is a connection to an API server.
type cluster struct {
	host     string
	context  string
	objects  dynamic.Interface
	metadata metadata.Interface
	client   *http.Client // for logs
	discover discovery.CachedDiscoveryInterface
	mapper   *restmapper.DeferredDiscoveryRESTMapper
	patience time.Duration
	clock    *clock
}

// connect creates the clients on the first call and returns the same ones on later
// calls. It sends no request.
func (t *Target) connect(_ context.Context) (*cluster, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open != nil {
		return t.open, nil
	}
	loader, err := kubeconfig(t.Kubeconfig, t.Context)
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		if t.Kubeconfig == "" && t.NoKubeconfig != "" {
			return nil, report.Usage("cannot find a cluster: " + t.NoKubeconfig)
		}
		return nil, report.Usage(fmt.Sprintf("cannot find a cluster: %v: set KUBECONFIG, or set --kubeconfig to a file", err))
	}
	c := &cluster{host: config.Host, patience: t.Patience, clock: &clock{}}
	if raw, err := loader.RawConfig(); err == nil {
		c.context = raw.CurrentContext
	}
	if t.Context != "" {
		c.context = t.Context
	}
	if c.patience <= 0 {
		c.patience = time.Minute
	}
	config.QPS = -1 // the server has its own priority and fairness
	config.Timeout = 20 * time.Second
	config.UserAgent = manager
	config.WarningHandler = rest.NoWarnings{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &clocked{next, c.clock} })
	if c.client, err = rest.HTTPClientFor(config); err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", config.Host, err)
	}
	if c.objects, err = dynamic.NewForConfigAndClient(config, c.client); err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", config.Host, err)
	}
	if c.metadata, err = metadata.NewForConfigAndClient(config, c.client); err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", config.Host, err)
	}
	found, err := discovery.NewDiscoveryClientForConfigAndClient(config, c.client)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", config.Host, err)
	}
	c.discover = memory.NewMemCacheClient(found)
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(c.discover)
	t.open = c
	return c, nil
}

// try repeats a call while its error is transient, until c.patience has passed.
func (c *cluster) try(ctx context.Context, call func(context.Context) error) error {
	end := time.Now().Add(c.patience)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := call(ctx)
		if err == nil || ctx.Err() != nil || !transient(err) {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the cluster %s did not respond within %s: %w: check that it is running, and run again", c.host, c.patience, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait.Jitter(pause, 0.2)):
		}
	}
}

// notYet are parts of errors that disappear without action: a new quota has no status
// yet, a new namespace has no service account yet, or several requests update a quota
// concurrently.
var notYet = []string{"status unknown for quota", "error looking up service account", "cannot be fulfilled on resourcequotas", "etcdserver: ", "storage is (re)initializing"}

// transient reports whether repeating a call that returned err may succeed.
func transient(err error) bool {
	if undeclared(err) {
		return false
	}
	return slices.ContainsFunc(notYet, func(s string) bool { return strings.Contains(err.Error(), s) }) ||
		apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err) ||
		apierrors.IsInternalError(err) || utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsTimeout(err) ||
		utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		// A server that stops in the middle of an answer: client-go wraps it, IsProbableEOF does not unwrap.
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE)
}

// undeclared reports whether err means that an object has a field that its kind does not
// define. The server reports this as an internal error.
func undeclared(err error) bool {
	return err != nil && strings.Contains(err.Error(), "create typed patch object")
}

// resource returns the client for a kind of objects, and whether the kind is namespaced.
func (c *cluster) resource(ctx context.Context, gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, bool, error) {
	var m *meta.RESTMapping
	err := c.try(ctx, func(context.Context) (err error) {
		m, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if m.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.objects.Resource(m.Resource), false, nil
	}
	return c.objects.Resource(m.Resource).Namespace(namespace), true, nil
}

func (c *cluster) get(ctx context.Context, r dynamic.ResourceInterface, name string) (u *unstructured.Unstructured, err error) {
	err = c.try(ctx, func(ctx context.Context) (err error) {
		u, err = r.Get(ctx, name, metav1.GetOptions{})
		return err
	})
	return u, err
}

func (c *cluster) apply(ctx context.Context, r dynamic.ResourceInterface, o *unstructured.Unstructured) (u *unstructured.Unstructured, err error) {
	err = c.try(ctx, func(ctx context.Context) (err error) {
		u, err = r.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: manager, Force: true})
		return err
	})
	return u, err
}

func (c *cluster) create(ctx context.Context, r dynamic.ResourceInterface, o *unstructured.Unstructured) (u *unstructured.Unstructured, err error) {
	err = c.try(ctx, func(ctx context.Context) (err error) {
		u, err = r.Create(ctx, o, metav1.CreateOptions{FieldManager: manager})
		return err
	})
	return u, err
}

// remove deletes an object. It is not an error if the object does not exist.
func (c *cluster) remove(ctx context.Context, r dynamic.ResourceInterface, name string, o metav1.DeleteOptions) error {
	err := c.try(ctx, func(ctx context.Context) error { return r.Delete(ctx, name, o) })
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// list returns all objects. It reads them in pages.
func (c *cluster) list(ctx context.Context, r dynamic.ResourceInterface, o metav1.ListOptions) (all []unstructured.Unstructured, err error) {
	o.Limit = 500
	for {
		var page *unstructured.UnstructuredList
		err := c.try(ctx, func(ctx context.Context) (err error) {
			page, err = r.List(ctx, o)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if o.Continue = page.GetContinue(); o.Continue == "" {
			return all, nil
		}
	}
}

// clock is the difference between the server's clock and the clock of this machine.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
	known  bool
}

// now returns the current time by the server's clock, in whole seconds.
func (c *cluster) now(ctx context.Context) (time.Time, error) {
	c.clock.mu.Lock()
	known := c.clock.known
	c.clock.mu.Unlock()
	if !known {
		if err := c.try(ctx, func(context.Context) error { _, err := c.discover.ServerVersion(); return err }); err != nil {
			return time.Time{}, err
		}
	}
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return time.Now().Add(c.clock.offset), nil
}

// clocked is a transport that reads the server's clock from its responses.
type clocked struct {
	next  http.RoundTripper
	clock *clock
}

func (t *clocked) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return res, err
	}
	if date, dateErr := http.ParseTime(res.Header.Get("Date")); dateErr == nil {
		offset := time.Until(date)
		if offset > -2*time.Second && offset < 2*time.Second {
			offset = 0 // the header has whole seconds
		}
		t.clock.mu.Lock()
		t.clock.offset, t.clock.known = offset, true
		t.clock.mu.Unlock()
	}
	return res, nil
}
