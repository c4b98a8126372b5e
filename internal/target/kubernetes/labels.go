package kubernetes

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	managedBy       = "app.kubernetes.io/managed-by"
	kindLabel       = Domain + "/kind" // preview, or environment
	repositoryLabel = Domain + "/repository"
	stateKey        = Domain + "/state" // annotation: the environment as JSON

	expiryForm = "20060102T150405Z" // labels cannot contain colons
)

// labels returns the labels of an environment's namespace. They serve people, billing
// tools, and the selector of List.
func labels(r target.Running, costCentre string) map[string]string {
	kind := "environment"
	if _, ok := previewName(r.Environment); ok {
		kind = "preview"
	}
	out := map[string]string{
		managedBy: manager, kindLabel: kind,
		Domain + "/app": labelValue(r.App), Domain + "/environment": labelValue(r.Environment), Domain + "/commit": labelValue(r.Commit),
		Domain + "/generation": strconv.Itoa(r.Generation),
	}
	optional := map[string]string{
		repositoryLabel: labelValue(r.Tags.Repository), Domain + "/owner": labelValue(r.Tags.Owner), Domain + "/cost-centre": labelValue(costCentre),
	}
	if r.Tags.PullRequest > 0 {
		optional[Domain+"/pull-request"] = strconv.Itoa(r.Tags.PullRequest)
	}
	if !r.Tags.Expires.IsZero() {
		optional[Domain+"/expires-at"] = r.Tags.Expires.UTC().Format(expiryForm)
	}
	for k, v := range optional {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

// stateOf returns the value of the annotation stateKey.
func stateOf(r target.Running) (string, error) {
	r.Phases, r.Notes, r.Alive, r.Leaving = nil, nil, false, false
	b, err := json.Marshal(r)
	return string(b), err
}

// runningOf reads the state of an environment from the metadata of its namespace. If the
// metadata was edited by hand, runningOf adds a note and prefers the values that the
// server sets.
func runningOf(m metav1.Object) target.Running {
	var r target.Running
	all := m.GetLabels()
	if err := json.Unmarshal([]byte(m.GetAnnotations()[stateKey]), &r); err != nil {
		r = target.Running{}
		r.Notes = append(r.Notes, fmt.Sprintf("the annotation %s of namespace %s was edited by hand and cannot be read", stateKey, m.GetName()))
		r.Tags.PullRequest, _ = strconv.Atoi(all[Domain+"/pull-request"])
		r.App, r.Commit = all[Domain+"/app"], all[Domain+"/commit"]
		r.Generation, _ = strconv.Atoi(all[Domain+"/generation"])
	}
	if at := all[Domain+"/expires-at"]; at != "" {
		if t, err := time.Parse(expiryForm, at); err == nil {
			if !r.Tags.Expires.IsZero() && !t.Equal(r.Tags.Expires.Truncate(time.Second)) {
				r.Notes = append(r.Notes, "the label expires-at was edited by hand, to "+t.Format(time.RFC3339)+": the original expiry applies")
			} else {
				r.Tags.Expires = t
			}
		} else {
			r.Notes = append(r.Notes, "the label expires-at was edited by hand: the original expiry applies")
		}
	} else if !r.Tags.Expires.IsZero() {
		r.Notes = append(r.Notes, "the label expires-at was removed by hand: the original expiry applies")
	}
	r.Created, r.Leaving = m.GetCreationTimestamp().UTC(), m.GetDeletionTimestamp() != nil
	r.Place = "namespace " + m.GetName()
	return r
}

// ours reports whether goldenpath created the namespace.
func ours(m metav1.Object) bool {
	return m.GetLabels()[managedBy] == manager || m.GetAnnotations()[stateKey] != ""
}
