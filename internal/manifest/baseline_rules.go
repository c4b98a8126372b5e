package manifest

import (
	"slices"
	"strings"
)

// The rules in this file, with others, are the Pod Security Standard "baseline":
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

// selinuxTypes are the types of processes that the standard allows.
var selinuxTypes = []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}

func selinux(_ pod, c container) []hit { return selinuxIn(c.get("securityContext")) }

func selinuxPod(p pod) []hit { return selinuxIn(p.spec.get("securityContext")) }

func selinuxIn(context *field) (hits []hit) {
	options := context.get("seLinuxOptions")
	if kind := options.get("type"); !slices.Contains(selinuxTypes, kind.text()) {
		hits = append(hits, hit{kind, "runs with the SELinux type " + clip(kind.text())})
	}
	for _, key := range []string{"user", "role"} {
		if f := options.get(key); f.text() != "" {
			hits = append(hits, hit{f, "sets the SELinux " + key + " " + clip(f.text())})
		}
	}
	return hits
}

// isolated are the settings of the kernel that each pod has for itself, as far as the
// standard allows them.
var isolated = []string{
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_syncookies",
}

func sysctls(p pod) (hits []hit) {
	for _, s := range p.spec.get("securityContext", "sysctls").list() {
		// The kernel accepts a slash for each dot.
		if name := s.get("name").text(); !slices.Contains(isolated, strings.ReplaceAll(name, "/", ".")) {
			hits = append(hits, hit{s, "sets " + clip(name) + " of the kernel"})
		}
	}
	return hits
}

// apparmorAnnotation is the prefix of the annotations that came before
// securityContext.appArmorProfile. They still apply.
const apparmorAnnotation = "container.apparmor.security.beta.kubernetes.io/"

func apparmorPod(p pod) (hits []hit) {
	if p.spec.parent == nil || p.spec.key == "" { // an element of a list: a template of a workflow
		return nil
	}
	annotations := p.spec.parent.get("metadata", "annotations")
	values, _ := annotations.v.(map[string]any)
	for key := range values {
		if f := annotations.get(key); strings.HasPrefix(key, apparmorAnnotation) && f.text() == "unconfined" {
			hits = append(hits, hit{f, "runs " + clip(strings.TrimPrefix(key, apparmorAnnotation)) + " without an AppArmor profile"})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return strings.Compare(a.message, b.message) })
	return hits
}
