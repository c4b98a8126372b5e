package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// migrateName is the name of the Job that runs the migration.
const migrateName = "goldenpath-migrate"

// migration returns the Job that runs the migration of a deployment, or nil if there is
// none. The Job is a hook that runs before every other object of the new version: a copy of
// the first pod that runs the artifact, with another command, so it has the variables,
// volumes, identity and limits of the app. Containers beside the app are left out, because a
// Job ends only when all of its containers end.
func migration(all []*unstructured.Unstructured, d target.Deployment, namespace string) (*unstructured.Unstructured, []string) {
	argv := d.Migrate.Command()
	if argv == nil {
		return nil, nil
	}
	spec, own := appPod(all, d.Reference)
	if spec == nil {
		return nil, []string{fmt.Sprintf("migrate: no Deployment, StatefulSet, DaemonSet or Pod runs %s, so the migration has no pod to copy: run it as a hook of the chart, and remove migrate", d.Reference)}
	}
	for _, key := range []string{"livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports", "args"} {
		delete(own, key)
	}
	own["command"] = anyList(argv)
	known := map[string]bool{}
	for _, v := range mappings(spec["volumes"]) {
		name, _ := v["name"].(string)
		known[name] = true
	}
	mounts, _ := own["volumeMounts"].([]any)
	own["volumeMounts"] = slices.DeleteFunc(mounts, func(m any) bool { // those of a StatefulSet's own volumes
		mount, _ := m.(map[string]any)
		name, _ := mount["name"].(string)
		return !known[name]
	})
	for _, key := range []string{"initContainers", "topologySpreadConstraints", "hostname", "subdomain", "readinessGates"} {
		delete(spec, key)
	}
	delete(mapAt(spec, "affinity"), "podAntiAffinity")
	spec["containers"], spec["restartPolicy"] = []any{own}, "Never"
	job := object("batch/v1", "Job", namespace, migrateName, map[string]any{
		"backoffLimit": int64(0), "activeDeadlineSeconds": int64(d.Migrate.Limit() / time.Second),
		"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{managedBy: manager, Domain + "/job": "migrate"}}, "spec": spec},
	})
	job.SetAnnotations(map[string]string{hookKey: "pre-install,pre-upgrade", "helm.sh/hook-weight": "2147483647"})
	return job, nil
}

// appPod returns copies of the first pod that runs an image, and of its container. Workloads
// that serve come before pods of other kinds.
func appPod(all []*unstructured.Unstructured, image string) (spec, own map[string]any) {
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "Pod"} {
		for _, o := range all {
			if o.GetKind() != kind || o.GetAnnotations()[hookKey] != "" {
				continue
			}
			for _, s := range podSpecs(o.DeepCopy()) {
				for _, c := range mappings(s["containers"]) {
					if c["image"] == image {
						return s, c
					}
				}
			}
		}
	}
	return nil, nil
}

// isMigration reports whether a hook is the Job of the migration.
func (h hook) isMigration() bool {
	return h.object.GetKind() == "Job" && h.object.GetName() == migrateName
}

// migrationFailed turns the failure of the Job into one of the migration. The failure is a
// verdict if the command ran.
func migrationFailed(f *target.Failure) {
	f.What, f.Migration, f.NotUp = "the migration failed: "+f.What, true, true
	f.Remedy = strings.TrimPrefix(f.Remedy+"; fix the command (migrate in .goldenpath.yml) or the migration: nothing of the new version was started", "; ")
}

// firstTime returns the objects that the pod of a migration may need and that no earlier
// deployment has applied: no running version uses them yet.
func (x *deployment) firstTime(before *inventory) (out []*unstructured.Unstructured) {
	if x.Migrate.Command() == nil {
		return nil
	}
	known := map[string]bool{}
	for _, r := range before.Objects {
		known[r.String()] = true
	}
	for _, o := range x.plan.objects {
		if stageOf(o.GetKind()) == 0 && !known[refOf(o).String()] {
			out = append(out, o)
		}
	}
	return out
}

func anyList(words []string) (out []any) {
	for _, w := range words {
		out = append(out, w)
	}
	return out
}
