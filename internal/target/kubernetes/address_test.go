package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAddress(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	c, err := at.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: x}\nspec: {type: %s, ports: [{name: other, port: 9, nodePort: 30009}, {name: http, port: 80, nodePort: 30080}]}\n"
	for name, tt := range map[string]struct {
		url, text, want string
	}{
		"configured":    {"https://a.test", fmt.Sprintf(service, "NodePort"), "https://a.test"},
		"ingress":       {"", fmt.Sprintf(service, "NodePort") + "---\n" + fmt.Sprintf(ingress, "", "rules: [{host: '*.b.test'}, {}, {host: b.test}]"), "http://b.test"},
		"ingress, TLS":  {"", fmt.Sprintf(ingress, "", "rules: [{host: b.test}], tls: [{secretName: x}]"), "https://b.test"},
		"node port":     {"", fmt.Sprintf(service, "ClusterIP") + "---\n" + fmt.Sprintf(service, "NodePort"), "http://192.0.2.7:30080"},
		"balancer":      {"", fmt.Sprintf(service, "LoadBalancer") + "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}", "http://192.0.2.1:80"},
		"balancer, v6":  {"", fmt.Sprintf(service, "LoadBalancer") + "status: {loadBalancer: {ingress: [{ip: '2001:db8::1'}]}}", "http://[2001:db8::1]:80"},
		"balancer, DNS": {"", fmt.Sprintf(service, "LoadBalancer") + "status: {loadBalancer: {ingress: [{hostname: lb.test}]}}", "http://lb.test:80"},
		"balancer late": {"", fmt.Sprintf(service, "LoadBalancer"), "http://late.test:80"},
	} {
		a.put("/api/v1/namespaces/x/services/s", `{"kind":"Service","apiVersion":"v1","spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"hostname":"late.test"}]}}}`)
		p := &prepared{url: tt.url, node: "192.0.2.7"}
		got, err := c.address(t.Context(), p, parseAll(t, tt.text), 5*time.Second)
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := c.address(t.Context(), &prepared{}, parseAll(t, fmt.Sprintf(service, "ClusterIP")), 0); err == nil || !strings.Contains(err.Error(), "set url") {
		t.Errorf("nothing: %v", err)
	}
}

// A node that is not ready is none to be reached by.
func TestNode(t *testing.T) {
	a := newAPI(t)
	a.put("/api/v1/nodes/broken", `{"kind":"Node","status":{"addresses":[{"type":"ExternalIP","address":"192.0.2.9"}],"conditions":[{"type":"Ready","status":"Unknown"}]}}`)
	c, err := a.target(t, web).connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.node(t.Context()); err != nil || got != "127.0.0.1" {
		t.Errorf("%s %v", got, err)
	}
}
