package kubernetes

import (
	"context"
	"fmt"
	"net"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// reachable reports whether something of what is deployed says where it answers,
// and whether a Service is open to the outside of the cluster.
func (p *prepared) reachable() (known, open bool) {
	known = p.url != ""
	for _, o := range p.objects {
		switch o.GetKind() {
		case "Ingress":
			known = true
		case "Service":
			if kind, _, _ := unstructured.NestedString(o.Object, "spec", "type"); kind == "NodePort" || kind == "LoadBalancer" {
				known, open = true, true
			}
		}
	}
	return known, open
}

// address is where the environment answers: as configured, or else as its Ingress
// or its Service says.
func (c *cluster) address(ctx context.Context, p *prepared, live []*unstructured.Unstructured) (string, error) {
	if p.url != "" {
		return p.url, nil
	}
	for _, o := range live {
		if o.GetKind() == "Ingress" {
			if u := ingressURL(o); u != "" {
				return u, nil
			}
		}
	}
	for _, o := range live {
		if o.GetKind() != "Service" {
			continue
		}
		port, ok := webPort(o)
		if !ok {
			continue
		}
		switch kind, _, _ := unstructured.NestedString(o.Object, "spec", "type"); kind {
		case "NodePort":
			n, ok := port["nodePort"].(int64)
			if !ok {
				continue
			}
			host, err := c.node(ctx)
			if err != nil {
				return "", err
			}
			return "http://" + net.JoinHostPort(host, fmt.Sprint(n)), nil
		case "LoadBalancer":
			if host := balancer(o); host != "" {
				return fmt.Sprintf("http://%s:%v", host, port["port"]), nil
			}
		}
	}
	return "", &target.Failure{What: "nothing says where it answers", Remedy: "set url in .goldenpath.yml, or give it an Ingress with a host, or a Service of type NodePort"}
}

func ingressURL(o *unstructured.Unstructured) string {
	rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
	for _, r := range rules {
		m, _ := r.(map[string]any)
		host, _ := m["host"].(string)
		if host == "" || strings.HasPrefix(host, "*") {
			continue
		}
		scheme := "http"
		if tls, _, _ := unstructured.NestedSlice(o.Object, "spec", "tls"); len(tls) > 0 {
			scheme = "https"
		}
		return scheme + "://" + host
	}
	return ""
}

func webPort(o *unstructured.Unstructured) (map[string]any, bool) {
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
	var first map[string]any
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			continue
		}
		if m["name"] == "http" || m["name"] == "web" {
			return m, true
		}
		if first == nil {
			first = m
		}
	}
	return first, first != nil
}

func balancer(o *unstructured.Unstructured) string {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
	for _, e := range list {
		m, _ := e.(map[string]any)
		for _, key := range []string{"hostname", "ip"} {
			if v, _ := m[key].(string); v != "" {
				return v
			}
		}
	}
	return ""
}

// node is an address of a node, for what is reached through one.
func (c *cluster) node(ctx context.Context) (string, error) {
	all, err := c.list(ctx, c.objects.Resource(nodes), metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("find a node to reach the Service by: %w: set url instead", err)
	}
	for _, want := range []string{"ExternalIP", "InternalIP"} {
		for _, n := range all {
			list, _, _ := unstructured.NestedSlice(n.Object, "status", "addresses")
			for _, e := range list {
				m, _ := e.(map[string]any)
				if ip, _ := m["address"].(string); m["type"] == want && ip != "" {
					return ip, nil
				}
			}
		}
	}
	return "", fmt.Errorf("find a node to reach the Service by: none has an address: set url")
}
