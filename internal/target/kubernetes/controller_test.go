package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var controller = Controller{
	App: "shop", Repository: "acme/shop", Image: "ghcr.io/acme/goldenpath@sha256:" + strings.Repeat("a", 64), Every: 10 * time.Minute,
	Config: "version: 1\napp: shop\r\n\n# a \"comment\": {with}\n  indented\ttab\n",
}

// GP-PREV-14: the manifest is what a cluster accepts, and the controller gets exactly the
// configuration that was given.
func TestController(t *testing.T) {
	text, err := controller.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]*unstructured.Unstructured{}
	for _, o := range parseAll(t, text) {
		kinds[o.GetKind()+"/"+o.GetName()] = o
		if o.GetNamespace() != Home && o.GetNamespace() != "" {
			t.Errorf("%s is in %s", o.GetName(), o.GetNamespace())
		}
	}
	name := controller.Name()
	config, _, _ := unstructured.NestedString(kinds["ConfigMap/"+name].Object, "data", ".goldenpath.yml")
	if diff := cmp.Diff(strings.ReplaceAll(controller.Config, "\r\n", "\n"), config); diff != "" {
		t.Error(diff)
	}
	if kinds["ConfigMap/"+LedgerName("shop", "acme/shop")] == nil {
		t.Errorf("no ledger: %v", kinds)
	}
	pod, _, _ := unstructured.NestedMap(kinds["CronJob/"+name].Object, "spec", "jobTemplate", "spec", "template", "spec")
	container := mappings(pod["containers"])[0]
	if got := fmt.Sprint(container["args"]); got != "[preview sweep --config /etc/goldenpath/.goldenpath.yml --repository acme/shop --every 10m]" {
		t.Error(got)
	}
	if container["image"] != controller.Image || mapAt(pod, "securityContext")["runAsNonRoot"] != true || mapAt(container, "securityContext")["readOnlyRootFilesystem"] != true {
		t.Errorf("%v", pod)
	}
	for key := range kinds {
		if strings.HasPrefix(key, "Secret/") {
			t.Error("it contains a Secret")
		}
	}
}

// An interval becomes a cron with equal pauses, or is refused.
func TestControllerSchedule(t *testing.T) {
	for every, want := range map[time.Duration]string{
		time.Minute: "*/1 * * * *", 10 * time.Minute: "*/10 * * * *", time.Hour: "17 */1 * * *", 6 * time.Hour: "17 */6 * * *", 24 * time.Hour: "17 */24 * * *",
		0: "", 30 * time.Second: "", 7 * time.Minute: "", 90 * time.Minute: "", 5 * time.Hour: "", 48 * time.Hour: "", -time.Minute: "",
	} {
		c := controller
		c.Every = every
		got, err := c.schedule()
		if got != want || (err == nil) == (want == "") {
			t.Errorf("%s: %q, %v", every, got, err)
		}
	}
	long := controller
	long.App = strings.Repeat("long-", 12)
	if n := long.Name(); len(n) > maxCronJob || n == controller.Name() {
		t.Error(n)
	}
}

// GP-SAFE-5: a sweep needs no right that the manifest does not give, and uses every one.
func TestControllerRights(t *testing.T) {
	text, err := controller.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t)
	at := a.target(t, web)
	deploy(t, at, one("preview/pr-1"))
	var access Access
	access.Namespace = Home
	for _, o := range parseAll(t, text) {
		switch o.GetKind() {
		case "ClusterRole":
			access.Cluster = rulesOf(o)
		case "Role":
			access.Inside = rulesOf(o)
		case "ConfigMap":
			if o.GetName() == LedgerName("shop", "acme/shop") {
				o.SetName(LedgerName(at.App, at.Repository))
				body, _ := o.MarshalJSON()
				a.put("/api/v1/namespaces/"+Home, `{"kind":"Namespace"}`)
				a.put("/api/v1/namespaces/"+Home+"/configmaps/"+o.GetName(), string(body))
			}
		}
	}
	access.Inside[0].ResourceNames = []string{LedgerName(at.App, at.Repository)}
	guard := &authorizer{api: a, access: access, used: map[string]bool{}, denied: map[string]bool{}}
	a.fault = guard.fault
	files, version, err := at.Ledger().Load(t.Context())
	if err != nil || len(files) > 0 {
		t.Fatal(files, err)
	}
	if err := at.Ledger().Save(t.Context(), map[string][]byte{"sweepers/controller.json": []byte("{}")}, version); err != nil {
		t.Error(err)
	}
	for r, err := range at.List(t.Context()) {
		if err != nil || r.Environment != "preview/pr-1" {
			t.Error(r, err)
		}
	}
	// Its inventory is a Secret, which the controller cannot read, and does not need.
	if r, err := at.Status(t.Context(), "preview/pr-1"); err != nil || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "inventory") }) {
		t.Error(r.Notes, err)
	}
	if err := at.Down(t.Context(), "preview/pr-1"); err != nil {
		t.Error(err)
	}
	want := map[string]bool{`get secrets. in "` + at.namespace("preview/pr-1") + `"`: true, `deletecollection pods. in "` + at.namespace("preview/pr-1") + `"`: true}
	if diff := cmp.Diff(want, guard.denied); diff != "" {
		t.Errorf("denied: %s", diff)
	}
	for _, right := range []string{"get namespaces.", "list namespaces.", "delete namespaces.", "get configmaps.", "update configmaps."} {
		if !guard.used[right] {
			t.Errorf("never used: %s", right)
		}
	}
}

// rulesOf reads the rules of a role.
func rulesOf(o *unstructured.Unstructured) (out []Rule) {
	list, _ := o.Object["rules"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		r := Rule{APIGroups: words(m["apiGroups"]), Resources: words(m["resources"]), Verbs: words(m["verbs"])}
		r.ResourceNames = words(m["resourceNames"])
		out = append(out, r)
	}
	return out
}
