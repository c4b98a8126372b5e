package kubernetes

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// wallKinds are the kinds that only goldenpath may create in a preview. Network policies
// are additive, so a policy in the chart would weaken the isolation.
var wallKinds = []string{"NetworkPolicy", "ResourceQuota", "LimitRange"}

// walls returns the objects that isolate a preview: quota, default limits and network
// policies.
func (t *Target) walls(namespace string, open bool) []*unstructured.Unstructured {
	i := t.Isolation
	cpu, memory, count := i.CPU, i.Memory, i.Pods
	if cpu == "" {
		cpu = "4"
	}
	if memory == "" {
		memory = "8Gi"
	}
	if count == 0 {
		count = 20
	}
	out := []*unstructured.Unstructured{
		object("v1", "ResourceQuota", namespace, "goldenpath", map[string]any{"hard": map[string]any{
			"limits.cpu": cpu, "limits.memory": memory, "pods": fmt.Sprint(count),
			"services.loadbalancers": "0", "requests.storage": "20Gi", "persistentvolumeclaims": "5",
		}}),
		object("v1", "LimitRange", namespace, "goldenpath", map[string]any{"limits": []any{map[string]any{
			"type":           "Container",
			"default":        map[string]any{"cpu": "500m", "memory": "256Mi"},
			"defaultRequest": map[string]any{"cpu": defaultCPU, "memory": defaultMemory},
		}}}),
		policy(namespace, "goldenpath-deny", map[string]any{"policyTypes": []any{"Ingress", "Egress"}}),
		policy(namespace, "goldenpath-inside", map[string]any{
			"policyTypes": []any{"Ingress", "Egress"},
			"ingress":     []any{map[string]any{"from": []any{map[string]any{"podSelector": map[string]any{}}}}},
			"egress":      []any{map[string]any{"to": []any{map[string]any{"podSelector": map[string]any{}}}}},
		}),
		policy(namespace, "goldenpath-dns", map[string]any{
			"policyTypes": []any{"Egress"},
			"egress": []any{map[string]any{
				"to": []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "kube-system"}}}},
				"ports": []any{
					map[string]any{"protocol": "UDP", "port": int64(53)}, map[string]any{"protocol": "TCP", "port": int64(53)},
				},
			}},
		}),
		policy(namespace, "goldenpath-ingress", map[string]any{"policyTypes": []any{"Ingress"}, "ingress": []any{map[string]any{"from": i.from(open)}}}),
	}
	if i.Egress == "internet" {
		out = append(out, policy(namespace, "goldenpath-internet", map[string]any{
			"policyTypes": []any{"Egress"},
			"egress": []any{map[string]any{"to": []any{
				map[string]any{"ipBlock": map[string]any{"cidr": "0.0.0.0/0", "except": []any{"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}}},
				map[string]any{"ipBlock": map[string]any{"cidr": "::/0", "except": []any{"fc00::/7", "fe80::/10"}}},
			}}},
		}))
	}
	return out
}

// from returns the network peers that may connect to the preview. If open is true, they
// include peers outside the cluster.
func (i Isolation) from(open bool) []any {
	var out []any
	for _, ns := range i.IngressFrom {
		out = append(out, map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": ns}}})
	}
	if len(out) == 0 {
		out = append(out, map[string]any{"namespaceSelector": map[string]any{"matchExpressions": []any{
			map[string]any{"key": kindLabel, "operator": "NotIn", "values": []any{"preview"}},
		}}})
	}
	if open {
		out = append(out, map[string]any{"ipBlock": map[string]any{"cidr": "0.0.0.0/0"}}, map[string]any{"ipBlock": map[string]any{"cidr": "::/0"}})
	}
	return out
}

func policy(namespace, name string, spec map[string]any) *unstructured.Unstructured {
	spec["podSelector"] = map[string]any{}
	return object("networking.k8s.io/v1", "NetworkPolicy", namespace, name, spec)
}

func object(apiVersion, kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
	if spec != nil {
		o.Object["spec"] = spec
	}
	o.SetName(name)
	o.SetNamespace(namespace)
	o.SetLabels(map[string]string{managedBy: manager})
	return o
}

// secretObjects returns the Secrets that hold the secret variables and the registry
// credentials.
func (t *Target) secretObjects(namespace string, d target.Deployment) (out []*unstructured.Unstructured) {
	values, external := map[string]any{}, []any{}
	stores := map[string]bool{}
	for _, k := range slices.Sorted(maps.Keys(d.Secrets)) {
		if s := d.Secrets[k]; s.Store == "" {
			values[k] = base64.StdEncoding.EncodeToString([]byte(s.Value))
		} else {
			stores[s.Store] = true
			external = append(external, map[string]any{
				"secretKey": k, "remoteRef": map[string]any{"key": s.Key},
				"sourceRef": map[string]any{"storeRef": map[string]any{"name": s.Store, "kind": "ClusterSecretStore"}},
			})
		}
	}
	if len(values) > 0 {
		o := object("v1", "Secret", namespace, envSecret, nil)
		o.Object["type"], o.Object["data"] = "Opaque", values
		out = append(out, o)
	}
	if len(external) > 0 {
		out = append(out, object("external-secrets.io/v1", "ExternalSecret", namespace, externalSecret, map[string]any{
			"secretStoreRef": map[string]any{"name": slices.Sorted(maps.Keys(stores))[0], "kind": "ClusterSecretStore"},
			"target":         map[string]any{"name": externalSecret}, "data": external,
		}))
	}
	if t.PullSecret != "" {
		o := object("v1", "Secret", namespace, pullSecret, nil)
		o.Object["type"] = "kubernetes.io/dockerconfigjson"
		o.Object["data"] = map[string]any{".dockerconfigjson": base64.StdEncoding.EncodeToString([]byte(t.PullSecret))}
		out = append(out, o)
	}
	return out
}
