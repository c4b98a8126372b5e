package manifest

import "github.com/seed-b235b314/goldenpath/internal/report"

// Rule is one thing that an object must not request.
type Rule struct {
	ID       string
	Severity report.Severity
	What     string // what goes wrong
	Fix      string
	Same     string // the equivalent check of trivy

	object    func(root *field) []hit
	pod       func(pod) []hit
	container func(pod, container) []hit
}

const malformed = "malformed"

// Rules are all checks. Critical gives control of the node or the cluster in one step, high
// removes a barrier in front of them, medium makes an incident worse, and low breaks good
// practice. The rules cover the Pod Security Standard "baseline", and the parts of
// "restricted" about the rights of a process.
var Rules = []Rule{
	{ID: "privileged", Same: "KSV-0017", Severity: report.Critical, What: "a privileged container is root on the node",
		Fix: "remove privileged: true; add the one capability it needs", container: privileged, pod: hostProcess},
	{ID: "docker-socket", Same: "KSV-0006", Severity: report.Critical, What: "anything that can use the container runtime can start privileged containers",
		Fix: "do not mount the socket, nor a folder it is in; build images with a rootless builder", pod: dockerSocket},
	{ID: "cluster-admin", Severity: report.Critical, What: "a binding to cluster-admin gives every right in every namespace",
		Fix: "bind a role that lists what is needed", object: clusterAdmin},
	{ID: "host-path", Same: "KSV-0023", Severity: report.High, What: "the container can access a folder of the node",
		Fix: "use a persistentVolumeClaim, a configMap or an emptyDir", pod: hostPath, object: hostPathVolume},
	{ID: "host-network", Same: "KSV-0009", Severity: report.High, What: "the pod sees the node's network and what listens on its localhost",
		Fix: "remove hostNetwork: true; use a Service", pod: hostNamespace("hostNetwork", "network")},
	{ID: "host-pid", Same: "KSV-0010", Severity: report.High, What: "the pod sees and may trace the processes of the node",
		Fix: "remove hostPID: true", pod: hostNamespace("hostPID", "processes")},
	{ID: "host-ipc", Same: "KSV-0008", Severity: report.High, What: "the pod shares memory with the processes of the node",
		Fix: "remove hostIPC: true", pod: hostNamespace("hostIPC", "shared memory")},
	{ID: "dangerous-capabilities", Severity: report.High, What: "a capability beyond those of the Pod Security Standard \"baseline\"",
		Fix: "remove it from capabilities.add; drop ALL", container: capabilities},
	{ID: "unconfined", Severity: report.High, What: "the kernel's filter on system calls or files is switched off",
		Fix: "use the type RuntimeDefault, and the default procMount", container: unconfined,
		pod: func(p pod) []hit { return append(unconfinedPod(p), apparmorPod(p)...) }},
	{ID: "selinux-options", Same: "KSV-0025", Severity: report.High, What: "an SELinux type, user or role of its own may allow a process more than a container's",
		Fix: "remove seLinuxOptions, or keep only level and a type such as container_t", container: selinux, pod: selinuxPod},
	{ID: "unsafe-sysctls", Same: "KSV-0026", Severity: report.High, What: "a setting of the kernel that is not isolated affects other pods, or the node",
		Fix: "remove it from securityContext.sysctls; set it on the node if all pods need it", pod: sysctls},
	{ID: "wildcard-role", Severity: report.High, What: "a role with wildcards may read every secret or give itself more rights",
		Fix: "list the resources and the verbs that are needed", object: wildcardRole},
	{ID: "runs-as-root", Same: "KSV-0012", Severity: report.High, What: "a root process that escapes its container is root on the node",
		Fix: "set securityContext.runAsNonRoot: true and a USER other than 0 in the image", container: runsAsRoot},
	{ID: malformed, Severity: report.High, What: "a field has a type that Kubernetes does not accept, so its effect is unknown",
		Fix: "correct the field; kubectl apply --dry-run=server shows what the cluster accepts"},
	{ID: "privilege-escalation", Same: "KSV-0001", Severity: report.Medium, What: "a process may gain more rights than the one that started it (setuid)",
		Fix: "set securityContext.allowPrivilegeEscalation: false", container: privilegeEscalation},
	{ID: "missing-limits", Same: "KSV-0018", Severity: report.Medium, What: "one container can use up the node's memory, or is scheduled without regard to its needs",
		Fix: "set resources.limits.memory, resources.requests.memory and resources.requests.cpu", container: missingLimits},
	{ID: "latest-tag", Same: "KSV-0013", Severity: report.Medium, What: "the image can change without a deployment, and cannot be rolled back",
		Fix: "name the image by digest, or by a tag of one release", container: latestTag, pod: latestVolume},
	{ID: "host-port", Same: "KSV-0024", Severity: report.Medium, What: "the port is open on the node, and network policies do not apply to it",
		Fix: "remove hostPort; use a Service", container: hostPort},
	{ID: "service-account-token", Severity: report.Low, What: "the pod holds an API token that it may not need",
		Fix: "set automountServiceAccountToken: false, unless the app calls the API", pod: serviceAccountToken},
	{ID: "unpinned-image", Severity: report.Low, What: "a tag can be moved to another image after the check",
		Fix: "name the image by digest: name:tag@sha256:…", container: unpinnedImage, pod: unpinnedVolume},
}
