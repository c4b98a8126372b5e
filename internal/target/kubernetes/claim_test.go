package kubernetes

import (
	"testing"
	"time"
)

// TestPendingClaim: a claim that only a CronJob mounts is bound at its first run, and no
// deployment waits for that.
func TestPendingClaim(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web+`---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: backups}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup}
spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: acme/web}], volumes: [{name: v, persistentVolumeClaim: {claimName: backups}}]}}}}}
`)
	a.become = func(kind string, o map[string]any, _ M) {
		if kind == "PersistentVolumeClaim" {
			o["status"] = M{"phase": "Pending"}
		}
	}
	d := one("preview/pr-1")
	d.Ready.Timeout = 3 * time.Second
	deploy(t, at, d)
}
