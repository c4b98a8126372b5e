package main

import (
	"context"
	"net/http"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// watch keeps what want asks the factory for in memory, so that it can be read
// while the API server is away.
func watch(kubeconfig string, want func(informers.SharedInformerFactory)) (informers.SharedInformerFactory, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return patient{next} })
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

// patient tries again until it is answered. An informer that is refused doubles
// its pauses up to half a minute: too late for whoever waits for a new host.
type patient struct{ next http.RoundTripper }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
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
