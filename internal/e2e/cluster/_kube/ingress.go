package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// ingress forwards requests to the Services that Ingress objects name for their host
// and path. A request to a proxy carries its host in the same place, so HTTP_PROXY
// works for every host of the cluster without DNS.
func ingress(kubeconfig, listen string) error {
	known, err := watchRoutes(kubeconfig)
	if err != nil {
		return err
	}
	live, err := liveRoutes(kubeconfig)
	if err != nil {
		return err
	}
	return http.ListenAndServe(listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, err := route(r.Context(), known, r)
		if address == "" && err == nil {
			// An informer that lost its connection may be minutes late.
			address, err = route(r.Context(), live, r)
			log.Printf("%s%s is not in memory; the API server says %q %v", r.Host, r.URL.Path, address, err)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if address == "" {
			http.Error(w, "no ingress for "+r.Host+r.URL.Path, http.StatusNotFound)
			return
		}
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: address})
			p.SetXForwarded()
			p.Out.Host = p.In.Host
		}, ModifyResponse: func(response *http.Response) error {
			if response.StatusCode >= http.StatusBadRequest {
				log.Printf("%s%s: %s from %s", r.Host, r.URL.Path, response.Status, address)
			}
			return nil
		}}).ServeHTTP(w, r)
	}))
}

// routes is a source of Ingress objects and Services.
type routes struct {
	ingresses func(context.Context) ([]*networking.Ingress, error)
	service   func(ctx context.Context, namespace, name string) (*core.Service, error)
}

// watchRoutes keeps the objects in memory, for the time when the API server is
// unavailable.
func watchRoutes(kubeconfig string) (routes, error) {
	factory, err := watch(kubeconfig, func(f informers.SharedInformerFactory) {
		f.Networking().V1().Ingresses().Informer()
		f.Core().V1().Services().Informer()
	})
	if err != nil {
		return routes{}, err
	}
	return routes{
		ingresses: func(context.Context) ([]*networking.Ingress, error) {
			return factory.Networking().V1().Ingresses().Lister().List(labels.Everything())
		},
		service: func(_ context.Context, namespace, name string) (*core.Service, error) {
			return factory.Core().V1().Services().Lister().Services(namespace).Get(name)
		},
	}, nil
}

// liveRoutes asks the API server, two seconds at most.
func liveRoutes(kubeconfig string) (routes, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return routes{}, err
	}
	config.Timeout = 2 * time.Second
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return routes{}, err
	}
	return routes{
		ingresses: func(ctx context.Context) ([]*networking.Ingress, error) {
			list, err := client.NetworkingV1().Ingresses("").List(ctx, meta.ListOptions{})
			if err != nil {
				return nil, err
			}
			var all []*networking.Ingress
			for i := range list.Items {
				all = append(all, &list.Items[i])
			}
			return all, nil
		},
		service: func(ctx context.Context, namespace, name string) (*core.Service, error) {
			return client.CoreV1().Services(namespace).Get(ctx, name, meta.GetOptions{})
		},
	}, nil
}

// route returns the address of the Service with the longest matching path, or "".
func route(ctx context.Context, from routes, r *http.Request) (string, error) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	all, err := from.ingresses(ctx)
	address, longest := "", -1
	for _, ing := range all {
		for _, rule := range ing.Spec.Rules {
			if rule.Host != host || rule.HTTP == nil {
				continue
			}
			for _, p := range rule.HTTP.Paths {
				if len(p.Path) <= longest || p.Backend.Service == nil || !matches(p, r.URL.Path) {
					continue
				}
				s, err := from.service(ctx, ing.Namespace, p.Backend.Service.Name)
				if err != nil {
					continue
				}
				for _, port := range s.Spec.Ports {
					if want := p.Backend.Service.Port; port.Port == want.Number || want.Name != "" && port.Name == want.Name {
						address, longest = fmt.Sprintf("%s:%d", s.Spec.ClusterIP, port.Port), len(p.Path)
					}
				}
			}
		}
	}
	return address, err
}

func matches(p networking.HTTPIngressPath, path string) bool {
	if p.PathType != nil && *p.PathType == networking.PathTypeExact {
		return path == p.Path
	}
	prefix := strings.TrimSuffix(p.Path, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}
