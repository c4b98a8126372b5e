package kubernetes

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// traffic returns the violations of objects that route traffic from or to places outside
// the preview.
func (p *prepared) traffic(o *unstructured.Unstructured) (out []breach) {
	out = p.annotations(o)
	spec := mapAt(o.Object, "spec")
	switch o.GetKind() {
	case "Service":
		out = append(out, service(spec)...)
	case "Ingress":
		hosts := map[string]bool{}
		for _, r := range mappings(spec["rules"]) {
			host, _ := r["host"].(string)
			hosts[host] = true
		}
		if spec["defaultBackend"] != nil || spec["backend"] != nil {
			hosts[""] = true
		}
		out = append(out, p.foreignHosts("spec.rules", slices.Sorted(maps.Keys(hosts)))...)
		for _, t := range mappings(spec["tls"]) {
			out = append(out, p.foreignHosts("spec.tls", words(t["hosts"]))...)
		}
	case "HTTPRoute", "GRPCRoute":
		hosts := words(spec["hostnames"])
		if len(hosts) == 0 {
			hosts = []string{""}
		}
		out = append(out, p.foreignHosts("spec.hostnames", hosts)...)
	}
	return out
}

func service(spec map[string]any) (out []breach) {
	if list, ok := spec["externalIPs"].([]any); len(list) > 0 || !ok && spec["externalIPs"] != nil {
		out = append(out, breach{"spec.externalIPs", "it takes over traffic of other addresses", "remove it"})
	}
	switch spec["type"] {
	case "ExternalName":
		out = append(out, breach{"spec.type", "ExternalName routes the preview's traffic to another host", "pass that address to the app in preview.env"})
	case "LoadBalancer":
		out = append(out, breach{"spec.type", "LoadBalancer has a cost that the budget does not include", "use an Ingress, or NodePort"})
	}
	return out
}

// hostKeys are the suffixes of annotations that claim hosts.
var hostKeys = []string{"/server-alias", "external-dns.alpha.kubernetes.io/hostname", "external-dns.alpha.kubernetes.io/internal-hostname"}

// annotations returns the violations of annotations that instruct a controller to do
// more than the object's fields allow.
func (p *prepared) annotations(o *unstructured.Unstructured) (out []breach) {
	all := o.GetAnnotations()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		field := "metadata.annotations." + clip(key)
		switch {
		case strings.Contains(key, "snippet"), strings.Contains(key, "/config-"):
			out = append(out, breach{field, "it adds text to the configuration of the shared ingress controller", "remove it"})
		case key == "alb.ingress.kubernetes.io/group.name":
			out = append(out, breach{field, "it shares a load balancer, where its rules may take precedence over those of others", "leave it out of previews"})
		case slices.ContainsFunc(hostKeys, func(end string) bool { return strings.HasSuffix(key, end) }):
			hosts := strings.FieldsFunc(all[key], func(r rune) bool { return r == ',' || r == ' ' })
			out = append(out, p.foreignHosts(field, hosts)...)
		}
	}
	return out
}

// foreignHosts returns a violation for each host that is neither the preview's own host
// nor a subdomain of it.
func (p *prepared) foreignHosts(field string, hosts []string) (out []breach) {
	for _, host := range hosts {
		switch {
		case p.host == "":
			out = append(out, breach{field, "it claims " + hostWord(host) + ", but the preview's own host is not known", "set preview.url"})
		case host != p.host && !strings.HasSuffix(host, "."+p.host):
			out = append(out, breach{field, "it claims " + hostWord(host) + ", but the preview's own host is " + p.host, `set it to that, for a chart with set: {ingress.host: "{host}"}`})
		}
	}
	return out
}

func hostWord(host string) string {
	if host == "" {
		return "every host"
	}
	return "the host " + clip(host)
}

// mappings returns the elements of a list as mappings.
func mappings(v any) (out []map[string]any) {
	list, _ := v.([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		out = append(out, m)
	}
	return out
}

// clip shortens untrusted text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}
