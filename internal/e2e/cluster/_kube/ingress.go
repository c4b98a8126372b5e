package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
)

// ingress forwards requests to the Services that Ingress objects name for their host
// and path. A request to a proxy carries its host in the same place, so HTTP_PROXY
// works for every host of the cluster without DNS.
func ingress(kubeconfig, listen string) error {
	factory, err := watch(kubeconfig, func(f informers.SharedInformerFactory) {
		f.Networking().V1().Ingresses().Informer()
		f.Core().V1().Services().Informer()
	})
	if err != nil {
		return err
	}
	return http.ListenAndServe(listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := route(factory, r)
		if address == "" {
			http.Error(w, "no ingress for "+r.Host+r.URL.Path, http.StatusNotFound)
			return
		}
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: address})
			p.SetXForwarded()
			p.Out.Host = p.In.Host
		}}).ServeHTTP(w, r)
	}))
}

// route returns the address of the Service with the longest matching path.
func route(factory informers.SharedInformerFactory, r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	all, _ := factory.Networking().V1().Ingresses().Lister().List(labels.Everything()) // reads from memory and cannot fail
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
				s, err := factory.Core().V1().Services().Lister().Services(ing.Namespace).Get(p.Backend.Service.Name)
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
	return address
}

func matches(p networking.HTTPIngressPath, path string) bool {
	if p.PathType != nil && *p.PathType == networking.PathTypeExact {
		return path == p.Path
	}
	prefix := strings.TrimSuffix(p.Path, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}
