package manifest

import (
	"fmt"
	"slices"
	"strings"
)

func privileged(_ pod, c container) (hits []hit) {
	if f := c.get("securityContext", "privileged"); f.is(true) {
		hits = append(hits, hit{f, "is privileged"})
	}
	if f := c.get("securityContext", "windowsOptions", "hostProcess"); f.is(true) {
		hits = append(hits, hit{f, "runs as a process of the node"})
	}
	return hits
}

// runsAsRoot finds containers that may run as root. runAsUser and runAsNonRoot of the
// container override those of the pod.
func runsAsRoot(p pod, c container) []hit {
	if p.windows {
		return nil
	}
	own, all := c.get("securityContext"), p.spec.get("securityContext")
	user := own.get("runAsUser")
	if !user.set() {
		if f := all.get("runAsUser"); f.set() {
			user = f
		}
	}
	id, given := user.number()
	if given && id == 0 {
		return []hit{{user, "runs as user 0"}}
	}
	nonRoot := own.get("runAsNonRoot")
	if given || nonRoot.is(true) || !nonRoot.set() && all.get("runAsNonRoot").is(true) {
		return nil
	}
	return []hit{{nonRoot, "may run as root: neither runAsNonRoot nor runAsUser is set"}}
}

func privilegeEscalation(p pod, c container) []hit {
	f := c.get("securityContext", "allowPrivilegeEscalation")
	if f.is(false) || p.windows {
		return nil
	}
	return []hit{{f, "allows privilege escalation"}}
}

// harmless are the capabilities that the Pod Security Standard "baseline" allows a
// container to add.
var harmless = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

func capabilities(_ pod, c container) (hits []hit) {
	for _, f := range c.get("securityContext", "capabilities", "add").list() {
		name := strings.TrimPrefix(strings.ToUpper(f.text()), "CAP_")
		if name != "" && !slices.Contains(harmless, name) {
			hits = append(hits, hit{f, "adds the capability " + clip(name)})
		}
	}
	return hits
}

func unconfined(_ pod, c container) []hit { return unconfinedIn(c.get("securityContext")) }

func unconfinedIn(context *field) (hits []hit) {
	for _, w := range []struct {
		at    *field
		value string
		what  string
	}{
		{context.get("seccompProfile", "type"), "Unconfined", "runs without a seccomp profile"},
		{context.get("appArmorProfile", "type"), "Unconfined", "runs without an AppArmor profile"},
		{context.get("procMount"), "Unmasked", "sees all of /proc"},
	} {
		if w.at.text() == w.value {
			hits = append(hits, hit{w.at, w.what})
		}
	}
	return hits
}

// missingLimits finds containers without limits or requests. A limit is also the
// request if no request is set. The pod's own resources apply to its containers.
// Ephemeral containers cannot have limits.
func missingLimits(p pod, c container) (hits []hit) {
	if c.ephemeral {
		return nil
	}
	given := func(kind, what string) bool {
		return c.get("resources", kind, what).set() || p.spec.get("resources", kind, what).set()
	}
	if !given("limits", "memory") {
		hits = append(hits, hit{c.get("resources", "limits", "memory"), "has no memory limit"})
	}
	for _, what := range []string{"memory", "cpu"} {
		if !given("requests", what) && !given("limits", what) {
			hits = append(hits, hit{c.get("resources", "requests", what), "requests no " + what})
		}
	}
	return hits
}

func hostPort(_ pod, c container) (hits []hit) {
	for _, port := range c.get("ports").list() {
		if n, ok := port.get("hostPort").number(); ok && n != 0 {
			hits = append(hits, hit{port.get("hostPort"), fmt.Sprintf("opens port %d of the node", n)})
		}
	}
	return hits
}
