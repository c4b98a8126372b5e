package kubernetes

import (
	"strings"
	"testing"
)

// The place is the cluster and the namespace, without a request and without credentials.
func TestPlace(t *testing.T) {
	const config = `apiVersion: v1
kind: Config
current-context: prod-eu
clusters: [{name: eu, cluster: {server: "https://API.example.com:6443/"}}, {name: us, cluster: {server: "https://10.0.0.1"}}]
users: [{name: me, user: {token: secret}}]
contexts: [{name: prod-eu, context: {cluster: eu, user: me}}, {name: prod-us, context: {cluster: us, user: me}}]
`
	for context, want := range map[string]string{
		"":        "kubernetes, cluster https://api.example.com:6443 namespace shop-production (context prod-eu)",
		"prod-us": "kubernetes, cluster https://10.0.0.1 namespace shop-production (context prod-us)",
	} {
		p, err := (&Target{Kubeconfig: config, Context: context, App: "shop", Namespace: "shop-production"}).Place("production")
		if err != nil || p.String() != want {
			t.Errorf("%q: %s, %v", context, p, err)
		}
	}
	p, err := (&Target{Kubeconfig: "{}", Namespace: "x"}).Place("production")
	if err == nil || p.Kind != "kubernetes" || !strings.Contains(err.Error(), "cannot find a cluster") {
		t.Errorf("%+v, %v", p, err)
	}
	if got := address("https://ann:secret@API.example.com"); got != "https://api.example.com" {
		t.Errorf("address %s", got)
	}
}
