package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// reason explains why an object is not ready.
type reason struct {
	what   string
	detail []string
	remedy string
	final  bool // waiting does not help
	rank   int  // the reason with the highest rank is reported
}

// failure returns the reason as an error. Ranks 5, 8 and 9 are about the cluster, which has
// no room, cannot pull the image or does not create the pod; the others are about the
// application.
func (r reason) failure() *target.Failure {
	return &target.Failure{What: r.what, Detail: r.detail, Remedy: r.remedy, NotUp: r.rank != 5 && r.rank < 8}
}

// diagnose returns the most specific reason why objects are not ready, or nil if no
// reason is known yet.
func (c *cluster) diagnose(ctx context.Context, namespace string, pending []*unstructured.Unstructured) (*reason, error) {
	var all []reason
	running, err := c.list(ctx, c.objects.Resource(pods).Namespace(namespace), metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the pods of %s: %w", namespace, err)
	}
	for _, o := range pending {
		all = append(all, refusedPods(o)...)
		for _, p := range running {
			if p.GetDeletionTimestamp() == nil && belongs(&p, o) {
				all = append(all, c.ofPod(ctx, o, &p)...)
			}
		}
		if o.GetKind() == "StatefulSet" || o.GetKind() == "DaemonSet" || o.GetKind() == "Job" {
			all = append(all, c.failedCreate(ctx, namespace, o)...)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	best := slices.MaxFunc(all, func(a, b reason) int { return cmp.Compare(a.rank, b.rank) })
	return &best, nil
}

// belongs reports whether a pod belongs to the current generation of a workload: the
// workload's selector matches, and the pod's images are those of the workload's
// template.
func belongs(p, o *unstructured.Unstructured) bool {
	if o.GetKind() == "Pod" {
		return p.GetName() == o.GetName()
	}
	selector, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
	if len(selector) == 0 {
		return false
	}
	for k, v := range selector {
		if p.GetLabels()[k] != v {
			return false
		}
	}
	want, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	have, _, _ := unstructured.NestedSlice(p.Object, "spec", "containers")
	if len(want) != len(have) {
		return len(want) < len(have) // a service mesh adds containers
	}
	for i := range want {
		w, _ := want[i].(map[string]any)
		h, _ := have[i].(map[string]any)
		if w["image"] != h["image"] {
			return false
		}
	}
	return true
}

// refusedPods returns the reasons why the cluster does not create pods, or why a Pod or
// Job failed.
func refusedPods(o *unstructured.Unstructured) []reason {
	if o.GetKind() == "Pod" && mapAt(o.Object, "status")["phase"] == "Failed" {
		text, _ := mapAt(o.Object, "status")["message"].(string)
		return []reason{{what: word(o) + " failed", detail: []string{clipText(text)}, remedy: "read its log and fix the cause", final: true, rank: 2}}
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, e := range conditions {
		m, _ := e.(map[string]any)
		kind, _ := m["type"].(string)
		text, _ := m["message"].(string)
		switch {
		case kind == "ReplicaFailure" && m["status"] == "True":
			return refused(o, text)
		case o.GetKind() == "Job" && kind == "Failed" && m["status"] == "True":
			return []reason{{what: "job/" + o.GetName() + " failed", detail: []string{clipText(text)}, remedy: "read its log and fix the cause", final: true, rank: 2}}
		}
	}
	return nil
}

// refused returns the reason why the cluster does not create a pod. It ignores reasons
// that disappear once the namespace is set up.
func refused(o *unstructured.Unstructured, text string) []reason {
	r := reason{what: word(o) + ": the cluster does not create its pods", detail: []string{clipText(text)}, final: true, rank: 9}
	switch {
	case strings.Contains(text, "status unknown for quota"), strings.Contains(text, "serviceaccount") && strings.Contains(text, "not found"):
		return nil
	case strings.Contains(text, "exceeded quota"):
		r.what = word(o) + ": out of quota"
		r.remedy = "request less (resources.limits, replicas), or raise preview.isolation"
	case strings.Contains(text, "violates PodSecurity"):
		r.remedy = "set the securityContext it names: a preview runs under the Pod Security Standard restricted"
	case strings.Contains(text, "forbidden"):
		r.remedy = "ask the cluster's administrator for that right"
	default:
		r.final = false
	}
	return []reason{r}
}

// failedCreate returns the reason why the cluster does not create pods, read from
// events. It serves kinds whose status has no condition about this.
func (c *cluster) failedCreate(ctx context.Context, namespace string, o *unstructured.Unstructured) []reason {
	found, err := c.list(ctx, c.objects.Resource(events).Namespace(namespace), metav1.ListOptions{
		FieldSelector: "reason=FailedCreate,involvedObject.name=" + o.GetName(),
	})
	if err != nil || len(found) == 0 {
		return nil
	}
	text, _, _ := unstructured.NestedString(found[len(found)-1].Object, "message")
	return refused(o, text)
}

// ofPod returns the reasons why one pod is not ready.
func (c *cluster) ofPod(ctx context.Context, o, p *unstructured.Unstructured) (out []reason) {
	conditions, _, _ := unstructured.NestedSlice(p.Object, "status", "conditions")
	for _, e := range conditions {
		m, _ := e.(map[string]any)
		if m["type"] == "PodScheduled" && m["status"] == "False" && m["reason"] == "Unschedulable" {
			text, _ := m["message"].(string)
			out = append(out, reason{
				what: word(o) + ": unschedulable: no node can run its pod", detail: []string{clipText(text)},
				remedy: "request less (resources.requests), or add a node", rank: 5,
			})
		}
	}
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(p.Object, "status", list)
		for _, e := range statuses {
			if m, ok := e.(map[string]any); ok {
				out = append(out, c.ofContainer(ctx, o, p, m)...)
			}
		}
	}
	return out
}

// crashes is how often a container may exit before the deployment fails. More than one
// crash is allowed because an app may start before its dependencies are ready.
const crashes = 3

func (c *cluster) ofContainer(ctx context.Context, o, p *unstructured.Unstructured, m map[string]any) []reason {
	name, _ := m["name"].(string)
	image, _ := m["image"].(string)
	waiting, _, _ := unstructured.NestedString(m, "state", "waiting", "reason")
	text, _, _ := unstructured.NestedString(m, "state", "waiting", "message")
	restarts, _, _ := unstructured.NestedInt64(m, "restartCount")
	switch waiting {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
		r := reason{what: word(o) + ": " + waiting, detail: []string{clip(image), clipText(text)}, rank: 8, final: waiting == "InvalidImageName"}
		lower := strings.ToLower(text)
		switch {
		case strings.Contains(lower, "not found"), strings.Contains(lower, "manifest unknown"), strings.Contains(lower, "name_unknown"):
			r.final, r.remedy = true, "push the image to the registry that the cluster pulls from; check artifact.image"
		case strings.Contains(lower, "unauthorized"), strings.Contains(lower, "forbidden"), strings.Contains(lower, "denied"), strings.Contains(lower, "authentication required"):
			r.final, r.remedy = true, "let the cluster pull it: name a variable with a .dockerconfigjson in preview.pull-secret"
		default:
			r.remedy = "check that the node can reach the registry"
		}
		return []reason{r}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return []reason{{what: fmt.Sprintf("%s: container %s: %s", word(o), clip(name), waiting), detail: []string{clipText(text)}, remedy: "correct what the container refers to, or the user it runs as", final: true, rank: 7}}
	}
	if restarts > 0 && m["ready"] != true {
		ended, why, known := lastEnd(m)
		r := reason{
			what:   fmt.Sprintf("%s: container %s has crashed %d times%s", word(o), clip(name), restarts, ended),
			remedy: "read the last lines of its log", final: restarts >= crashes && known, rank: 6, // a later look knows how it ended
		}
		if why == "OOMKilled" {
			r.remedy = "give it more memory (resources.limits.memory)"
		}
		// A container that waits for its restart still has the log of its last run.
		r.detail = c.log(ctx, p.GetNamespace(), p.GetName(), name, waiting == "", 8)
		return []reason{r}
	}
	return nil
}

func word(o *unstructured.Unstructured) string {
	return strings.ToLower(o.GetKind()) + "/" + o.GetName()
}

// log returns the last lines of a container's log, or of its previous run.
func (c *cluster) log(ctx context.Context, namespace, pod, container string, previous bool, lines int) []string {
	q := url.Values{"container": {container}, "tailLines": {fmt.Sprint(lines)}, "limitBytes": {"16384"}}
	if previous {
		q.Set("previous", "true")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.host+"/api/v1/namespaces/"+namespace+"/pods/"+pod+"/log?"+q.Encode(), nil)
	if err != nil {
		return nil
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	if err != nil || res.StatusCode != http.StatusOK || strings.HasPrefix(string(text), "unable to retrieve container logs") {
		if previous {
			return c.log(ctx, namespace, pod, container, false, lines)
		}
		return nil
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, clipText(line))
		}
	}
	return out
}

// warnings returns the latest warning events of a namespace.
func (c *cluster) warnings(ctx context.Context, namespace string, most int) (out []string) {
	all, err := c.list(ctx, c.objects.Resource(events).Namespace(namespace), metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return nil
	}
	for _, e := range all[max(0, len(all)-most):] {
		kind, _, _ := unstructured.NestedString(e.Object, "involvedObject", "kind")
		name, _, _ := unstructured.NestedString(e.Object, "involvedObject", "name")
		text, _, _ := unstructured.NestedString(e.Object, "message")
		out = append(out, clipText(fmt.Sprintf("%s/%s: %s", kind, name, text)))
	}
	return out
}

// lastEnd returns how a container last ended, as text and as Kubernetes' reason. For a moment
// after a container ended, the kubelet reports its end as the current state, or not at all.
func lastEnd(status map[string]any) (text, why string, known bool) {
	for _, state := range []string{"state", "lastState"} {
		code, found, _ := unstructured.NestedInt64(status, state, "terminated", "exitCode")
		if !found {
			continue
		}
		why, _, _ = unstructured.NestedString(status, state, "terminated", "reason")
		return fmt.Sprintf(" (exit %d, %s)", code, clip(why)), why, true
	}
	return "", "", false
}
