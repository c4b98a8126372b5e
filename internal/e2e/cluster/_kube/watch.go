package main

import (
	"context"
	"net/http"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// watch keeps the objects that want requests from the factory in memory, so that they
// can be read while the API server is unavailable.
func watch(kubeconfig string, want func(informers.SharedInformerFactory)) (informers.SharedInformerFactory, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return retrying{next} })
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	factory := informers.NewSharedInformerFactory(client, 0)
	want(factory)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return factory, nil
}

// retrying retries until a request succeeds. After refusals, an informer doubles its
// pauses up to half a minute, which is too long for a test that waits for a new host.
type retrying struct{ next http.RoundTripper }

func (p retrying) RoundTrip(r *http.Request) (*http.Response, error) {
	for {
		response, err := p.next.RoundTrip(r)
		if err == nil || r.Body != nil {
			return response, err
		}
		select {
		case <-r.Context().Done():
			return nil, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}
