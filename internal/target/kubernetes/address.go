package kubernetes

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// reachable reports whether the objects define an address (known), and whether a Service
// is reachable from outside the cluster (open).
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

// checkAddress refuses a deployment that has no address. If the address is that of a
// node, it checks that there is a ready node. It changes nothing.
func (x *deployment) checkAddress(ctx context.Context) error {
	p := x.plan
	if known, _ := p.reachable(); !known {
		return &target.Refusal{Problems: []string{"the environment has no address: set url, or add an Ingress or a Service of type NodePort"}}
	}
	if p.url != "" || slices.ContainsFunc(p.objects, func(o *unstructured.Unstructured) bool { return ingressURL(o) != "" }) {
		return nil
	}
	if o, _ := openService(p.objects); o == nil || mapAt(o.Object, "spec")["type"] != "NodePort" {
		return nil
	}
	var err error
	p.node, err = x.cluster.node(ctx)
	if apierrors.IsForbidden(err) {
		return &target.Refusal{Problems: []string{"the address of the environment is that of a node, but the deployer must not list nodes: set url, or grant the deployer list on nodes"}}
	}
	return err
}

// address returns the address of the environment: the configured URL, or else the
// address of an Ingress or a Service.
func (c *cluster) address(ctx context.Context, p *prepared, live []*unstructured.Unstructured, patience time.Duration) (string, error) {
	if p.url != "" {
		return p.url, nil
	}
	for _, o := range live {
		if u := ingressURL(o); u != "" {
			return u, nil
		}
	}
	o, port := openService(live)
	switch {
	case o == nil:
	case mapAt(o.Object, "spec")["type"] == "NodePort":
		if n, ok := port["nodePort"].(int64); ok {
			return "http://" + net.JoinHostPort(p.node, strconv.FormatInt(n, 10)), nil
		}
	default:
		host, err := c.balancer(ctx, o, patience)
		if err != nil {
			return "", err
		}
		return "http://" + net.JoinHostPort(host, fmt.Sprint(port["port"])), nil
	}
	return "", &target.Failure{What: "the environment has no address", Remedy: "set url in .goldenpath.yml, or add an Ingress with a host or a Service of type NodePort"}
}

// openService returns the first Service that is reachable from outside the cluster, and
// its web port.
func openService(all []*unstructured.Unstructured) (*unstructured.Unstructured, map[string]any) {
	for _, o := range all {
		kind := mapAt(o.Object, "spec")["type"]
		if o.GetKind() != "Service" || kind != "NodePort" && kind != "LoadBalancer" {
			continue
		}
		if port, ok := webPort(o); ok {
			return o, port
		}
	}
	return nil, nil
}

// ingressURL returns the URL of the first host of an Ingress, or "" if the object has
// none.
func ingressURL(o *unstructured.Unstructured) string {
	if o.GetKind() != "Ingress" {
		return ""
	}
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

// balancer waits until the cloud has assigned an address to a load balancer, and returns
// the address.
func (c *cluster) balancer(ctx context.Context, o *unstructured.Unstructured, patience time.Duration) (string, error) {
	deadline := time.Now().Add(patience)
	for {
		for _, m := range mappings(mapAt(mapAt(o.Object, "status"), "loadBalancer")["ingress"]) {
			for _, key := range []string{"hostname", "ip"} {
				if v, _ := m[key].(string); v != "" {
					return v, nil
				}
			}
		}
		if time.Now().After(deadline) {
			return "", &target.Failure{What: fmt.Sprintf("%s has no address after %s", word(o), patience), Remedy: "check that the cluster supports load balancers; otherwise set url, or use an Ingress"}
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
		live, err := c.get(ctx, c.objects.Resource(services).Namespace(o.GetNamespace()), o.GetName())
		if err != nil {
			return "", fmt.Errorf("cannot wait for the address of %s: %w", word(o), err)
		}
		o = live
	}
}

// node returns the address of any ready node, external addresses first.
func (c *cluster) node(ctx context.Context) (string, error) {
	var page *unstructured.UnstructuredList
	err := c.try(ctx, func(ctx context.Context) (err error) {
		page, err = c.objects.Resource(nodes).List(ctx, metav1.ListOptions{Limit: 20})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("cannot find a node to reach the Service by: %w: set url", err)
	}
	for _, want := range []string{"ExternalIP", "InternalIP"} {
		for _, n := range page.Items {
			for _, m := range mappings(mapAt(n.Object, "status")["addresses"]) {
				if ip, _ := m["address"].(string); m["type"] == want && ip != "" && hasCondition(&n, "Ready") {
					return ip, nil
				}
			}
		}
	}
	return "", fmt.Errorf("cannot find a node to reach the Service by: no ready node has an address: set url")
}
