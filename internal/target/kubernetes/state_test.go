package kubernetes

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const withConfig = web + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {MODE: new}
`

// jobs lets the API end every Job, and every StatefulSet start.
func (a *api) jobs(condition string) {
	a.become = func(kind string, o, _ M) {
		switch kind {
		case "Job":
			o["status"] = M{"conditions": []any{M{"type": condition, "status": "True", "reason": "BackoffLimitExceeded"}}}
		case "StatefulSet":
			o["status"] = M{"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "currentReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
		}
	}
}

// order returns the position of the first write to a path that contains text, or -1.
func order(calls []string, text string) int {
	return slices.IndexFunc(calls, func(c string) bool {
		return strings.Contains(c, text) && (strings.HasPrefix(c, "PATCH") || strings.HasPrefix(c, "POST"))
	})
}

// TestMigrate proves GP-PREV-15 for a cluster: the migration is a Job with the app's image,
// variables and settings, it ends before the app is applied, and a rollback has none.
func TestMigrate(t *testing.T) {
	for name, environment := range map[string]string{"a preview": "preview/pr-1", "staging": "staging"} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			a.jobs("Complete")
			at := a.target(t, withConfig)
			if environment == "staging" {
				at.Namespace = "staging"
				a.put("/api/v1/namespaces/staging", `{"kind":"Namespace"}`)
			}
			d := one(environment)
			d.Secrets = map[string]target.Secret{"DATABASE_URL": {Value: "postgres://hunter22"}}
			d.Migrate = target.Migration{Argv: []string{"/server", "migrate"}, Timeout: time.Minute}
			deploy(t, at, d)
			calls := a.taken()
			settings, job, app := order(calls, "/configmaps/settings"), order(calls, "/jobs/goldenpath-migrate"), order(calls, "/deployments/web")
			if settings < 0 || job < settings || app < job {
				t.Errorf("settings %d, migration %d, app %d in %q", settings, job, app, calls)
			}
			ns := at.namespace(environment)
			live := a.at("/apis/batch/v1/namespaces/" + ns + "/jobs/goldenpath-migrate")
			if live == nil {
				t.Fatal("there is no Job")
			}
			spec := podSpecs(live)[0]
			c := containers(spec)[0]
			env, _, _ := unstructured.NestedString(mappings(c["env"])[0], "valueFrom", "secretKeyRef", "name")
			if c["image"] != d.Reference || !slices.Equal(words(c["command"]), d.Migrate.Argv) || env != envSecret || spec["restartPolicy"] != "Never" {
				t.Errorf("%v", spec)
			}
			if restricted := mapAt(spec, "securityContext")["runAsNonRoot"] == true; restricted != (environment != "staging") {
				t.Errorf("security context %v", spec["securityContext"])
			}
			d.Migrate = target.Migration{}
			deploy(t, at, d)
			if a.at("/apis/batch/v1/namespaces/"+ns+"/jobs/goldenpath-migrate") != nil {
				t.Error("the Job of the version before stays")
			}
		})
	}
}

// TestMigrationFails: nothing of the new version is applied, and the version before is not
// touched.
func TestMigrationFails(t *testing.T) {
	a := newAPI(t)
	a.jobs("Complete")
	at := a.target(t, web)
	d := one("preview/pr-1")
	deploy(t, at, d)
	ns := at.namespace(d.Environment)
	before := a.at("/apis/apps/v1/namespaces/" + ns + "/deployments/web")
	a.jobs("Failed")
	next := d
	next.Digest = "sha256:" + strings.Repeat("2", 64)
	next.Reference, next.Migrate = "registry.test/web@"+next.Digest, target.Migration{Shell: "./migrate"}
	_, err := at.Deploy(t.Context(), next)
	var f *target.Failure
	if !errors.As(err, &f) || !f.Migration || !f.NotUp || !strings.HasPrefix(f.What, "the migration failed: ") || !strings.Contains(f.Kept, "generation 1") {
		t.Fatalf("%v", err)
	}
	after := a.at("/apis/apps/v1/namespaces/" + ns + "/deployments/web")
	if image := containers(podSpecs(after)[0])[0]["image"]; image != d.Reference || after.GetUID() != before.GetUID() {
		t.Errorf("the app runs %v", image)
	}
}

// TestNoPodToMigrate: an artifact that runs in Jobs only has no pod to copy.
func TestNoPodToMigrate(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec: {schedule: '1 1 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: acme/web}]}}}}}\n")
	d := one("preview/pr-1")
	d.Migrate = target.Migration{Shell: "./migrate"}
	_, err := at.Deploy(t.Context(), d)
	if r := (*target.Refusal)(nil); !errors.As(err, &r) || !strings.Contains(err.Error(), "the migration has no pod to copy") {
		t.Errorf("%v", err)
	}
}

// TestPreviewServices proves GP-PREV-15: a preview has services of its own, which are ready
// before the migration runs, keep their passwords and images, cost what they request, and
// are refused by no policy. Another environment has none.
func TestPreviewServices(t *testing.T) {
	a := newAPI(t)
	a.jobs("Complete")
	at := a.target(t, web)
	asked := 0
	at.ImageDigest = func(_ context.Context, image string) (string, error) {
		asked++
		if image != "docker.io/library/postgres:16" && image != "docker.io/library/redis:7" {
			t.Errorf("image %s", image)
		}
		return "sha256:" + strings.Repeat("c", 64), nil
	}
	d := one("preview/pr-1")
	d.Services.Postgres.Version, d.Services.Redis.Version = 16, 7
	d.Migrate = target.Migration{Shell: "./migrate"}
	plan, err := at.Plan(t.Context(), d)
	if err != nil || plan.Requests.CPU < 0.1 {
		t.Errorf("%+v, %v", plan, err)
	}
	deploy(t, at, d)
	calls := a.taken()
	if set, job := order(calls, "/statefulsets/goldenpath-postgres"), order(calls, "/jobs/goldenpath-migrate"); set < 0 || job < set {
		t.Errorf("database %d, migration %d in %q", set, job, calls)
	}
	at2 := "/api/v1/namespaces/" + at.namespace(d.Environment)
	variables := func() map[string]string {
		data, _, _ := unstructured.NestedStringMap(a.at(at2+"/secrets/"+envSecret).Object, "data")
		for k, v := range data {
			b, _ := base64.StdEncoding.DecodeString(v)
			data[k] = string(b)
		}
		return data
	}
	first := variables()
	if !strings.HasPrefix(first["DATABASE_URL"], "postgresql://app:"+first["PGPASSWORD"]+"@goldenpath-postgres:5432/app") || len(first["PGPASSWORD"]) < 20 {
		t.Errorf("%v", first)
	}
	if !strings.HasPrefix(first["REDIS_URL"], "redis://:"+first["REDIS_PASSWORD"]+"@goldenpath-redis:6379/0") || first["REDIS_PASSWORD"] == first["PGPASSWORD"] {
		t.Errorf("%v", first)
	}
	p := &prepared{namespace: at.namespace(d.Environment)}
	for _, image := range []string{"postgres:16", "redis:7"} {
		name, _, _ := strings.Cut(image, ":")
		set := a.at("/apis/apps/v1/namespaces/" + at.namespace(d.Environment) + "/statefulsets/goldenpath-" + name)
		if problems := p.refuse([]*unstructured.Unstructured{set}, nil); len(problems) > 0 || containers(podSpecs(set)[0])[0]["image"] != "docker.io/library/"+image+"@sha256:"+strings.Repeat("c", 64) {
			t.Errorf("%q, %v", problems, set.Object["spec"])
		}
	}
	asked = 0
	d.Commit = strings.Repeat("b", 40)
	deploy(t, at, d)
	if second := variables(); second["PGPASSWORD"] != first["PGPASSWORD"] || asked != 0 {
		t.Errorf("the password changed, or the registry was asked %d times", asked)
	}
	d.Env = map[string]string{"DATABASE_URL": "postgres://elsewhere"}
	deploy(t, at, d)
	if a.at("/apis/apps/v1/namespaces/"+at.namespace(d.Environment)+"/statefulsets/goldenpath-postgres") != nil {
		t.Error("the database stays though the preview names another")
	}
	if a.at("/apis/apps/v1/namespaces/"+at.namespace(d.Environment)+"/statefulsets/goldenpath-redis") == nil {
		t.Error("Redis is gone with the database")
	}

	staging := environment(a, t, web)
	a.put("/api/v1/namespaces/staging", `{"kind":"Namespace"}`)
	s := one("staging")
	s.Services.Postgres.Version = 16
	deploy(t, staging, s)
	if a.at("/apis/apps/v1/namespaces/staging/statefulsets/goldenpath-postgres") != nil {
		t.Error("staging has a database that would end with a pod")
	}
}
