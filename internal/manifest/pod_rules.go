package manifest

import (
	"path"
	"slices"
	"strings"
)

func hostNamespace(key, noun string) func(pod) []hit {
	return func(p pod) []hit {
		if f := p.spec.get(key); f.is(true) {
			return []hit{{f, "shares the " + noun + " of the node"}}
		}
		return nil
	}
}

// hostProcess finds privileged containers on Windows.
func hostProcess(p pod) []hit {
	if f := p.spec.get("securityContext", "windowsOptions", "hostProcess"); f.is(true) {
		return []hit{{f, "runs as a process of the node"}}
	}
	return nil
}

func hostPath(p pod) (hits []hit) {
	for _, v := range p.spec.get("volumes").list() {
		if f := v.get("hostPath"); f.set() && !ReachesSocket(f.get("path").text()) {
			hits = append(hits, hit{f, "mounts " + clip(f.get("path").text()) + " of the node"})
		}
	}
	return hits
}

func dockerSocket(p pod) (hits []hit) {
	for _, v := range p.spec.get("volumes").list() {
		if f := v.get("hostPath"); f.set() && ReachesSocket(f.get("path").text()) {
			hits = append(hits, hit{f, "mounts " + clip(f.get("path").text()) + " of the node, where the container runtime listens"})
		}
	}
	return hits
}

// sockets are the sockets of container runtimes. A read-only mount does not prevent
// their use.
var sockets = []string{
	"/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/podman/podman.sock",
	"/run/cri-dockerd.sock", "/run/k3s/containerd/containerd.sock", "/var/snap/microk8s/common/run/containerd.sock",
}

// ReachesSocket reports whether the path is the socket of a container runtime, or a
// folder that contains one.
func ReachesSocket(at string) bool {
	at = path.Clean("/" + at)
	if rest, ok := strings.CutPrefix(at, "/var/run"); ok && (rest == "" || rest[0] == '/') {
		at = "/run" + rest // /var/run is a link to /run
	}
	return slices.ContainsFunc(sockets, func(s string) bool {
		return at == s || strings.HasPrefix(s, strings.TrimSuffix(at, "/")+"/") || at == "/var"
	})
}

// hostPathVolume finds folders of the node that are mounted through a PersistentVolume.
func hostPathVolume(root *field) []hit {
	if root.get("kind").text() != "PersistentVolume" {
		return nil
	}
	if f := root.get("spec", "hostPath"); f.set() {
		return []hit{{f, "gives pods access to " + clip(f.get("path").text()) + " of the node"}}
	}
	return nil
}

func unconfinedPod(p pod) []hit { return unconfinedIn(p.spec.get("securityContext")) }

func serviceAccountToken(p pod) []hit {
	f := p.spec.get("automountServiceAccountToken")
	account := p.spec.get("serviceAccountName").text()
	if account == "" {
		account = p.spec.get("serviceAccount").text()
	}
	if account == "" {
		account = "default"
	}
	if f.is(false) || !f.set() && p.spec.check.tokenless[p.namespace+"/"+account] {
		return nil
	}
	return []hit{{f, "mounts the token of the service account " + clip(account)}}
}
