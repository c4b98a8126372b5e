package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Deployment is a deployment with all its statuses, the oldest first.
type Deployment struct {
	ID          int64
	Environment string
	Ref         string
	Description string
	Transient   bool
	Production  bool
	Payload     json.RawMessage
	By          Account
	Statuses    []Status
}

// State is the newest status, or pending if there is none, as on GitHub.
func (d Deployment) State() string {
	if len(d.Statuses) == 0 {
		return "pending"
	}
	return d.Statuses[len(d.Statuses)-1].State
}

// Status is one status of a deployment.
type Status struct {
	ID                                       int64
	State, Description, LogURL, URL, Environ string
}

// AddDeployment adds a deployment with one status ("": none), and returns its id.
func (s *Server) AddDeployment(environment, ref, state string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	d := &Deployment{ID: s.ids, Environment: environment, Ref: ref, Transient: true, By: Actions}
	if state != "" {
		s.ids++
		d.Statuses = []Status{{ID: s.ids, State: state, Environ: environment}}
	}
	s.deployments = append(s.deployments, d)
	return d.ID
}

// Deployments returns the deployments of an environment, the oldest first.
func (s *Server) Deployments(environment string) []Deployment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Deployment
	for _, d := range s.deployments {
		if d.Environment == environment {
			one := *d
			one.Statuses = slices.Clone(d.Statuses)
			all = append(all, one)
		}
	}
	return all
}

func (s *Server) listDeployments(c call) answer {
	q := c.r.URL.Query()
	var all []map[string]any
	for _, d := range slices.Backward(s.deployments) {
		if (q.Get("environment") == "" || strings.EqualFold(q.Get("environment"), d.Environment)) && (q.Get("sha") == "" || q.Get("sha") == d.Ref) {
			all = append(all, s.deploymentJSON(d))
		}
	}
	return page(s, c.r, all)
}

var sha = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (s *Server) createDeployment(c call) answer {
	in := struct {
		Ref              string          `json:"ref"`
		AutoMerge        *bool           `json:"auto_merge"`
		RequiredContexts *[]string       `json:"required_contexts"`
		Environment      string          `json:"environment"`
		Description      string          `json:"description"`
		Transient        bool            `json:"transient_environment"`
		Production       *bool           `json:"production_environment"`
		Payload          json.RawMessage `json:"payload"`
	}{Environment: "production"}
	switch {
	case !c.decode(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case !sha.MatchString(in.Ref):
		return refuse(http.StatusUnprocessableEntity, "No ref found for: %s", in.Ref)
	case len(in.Description) > 140:
		return invalid("Deployment", "description is too long (maximum is 140 characters)")
	case in.AutoMerge == nil || *in.AutoMerge:
		return answer{status: http.StatusAccepted, body: map[string]string{"message": "Auto-merged main into topic on deployment."}}
	case in.RequiredContexts == nil: // all checks, including the one of this job
		return refuse(http.StatusConflict, "Conflict: Commit status checks failed for %s.", in.Ref)
	}
	s.ids++
	d := &Deployment{
		ID: s.ids, Environment: in.Environment, Ref: in.Ref, Description: in.Description, Transient: in.Transient, Payload: in.Payload, By: c.by,
		Production: in.Production != nil && *in.Production || in.Production == nil && in.Environment == "production",
	}
	s.deployments = append(s.deployments, d)
	return answer{status: http.StatusCreated, body: s.deploymentJSON(d)}
}

func (s *Server) deployment(id int64) *Deployment {
	for _, d := range s.deployments {
		if d.ID == id {
			return d
		}
	}
	return nil
}

func (s *Server) listStatuses(c call) answer {
	d := s.deployment(c.id)
	if d == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	var all []map[string]any
	for _, st := range slices.Backward(d.Statuses) {
		all = append(all, s.statusJSON(d, st))
	}
	return page(s, c.r, all)
}

var states = []string{"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}

func (s *Server) createStatus(c call) answer {
	d := s.deployment(c.id)
	if d == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	in := struct {
		State        string `json:"state"`
		LogURL       string `json:"log_url"`
		Description  string `json:"description"`
		Environment  string `json:"environment"`
		URL          string `json:"environment_url"`
		AutoInactive *bool  `json:"auto_inactive"`
	}{Environment: d.Environment}
	switch {
	case !c.decode(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case !slices.Contains(states, in.State):
		return invalid("DeploymentStatus", "state is not included in the list")
	case len(in.Description) > 140:
		return invalid("DeploymentStatus", "description is too long (maximum is 140 characters)")
	}
	st := s.addStatus(d, Status{State: in.State, Description: in.Description, LogURL: in.LogURL, URL: in.URL, Environ: in.Environment})
	if in.State == "success" && (in.AutoInactive == nil || *in.AutoInactive) {
		for _, old := range s.deployments {
			if old.ID < d.ID && old.Environment == d.Environment && !old.Transient && !old.Production && old.State() == "success" {
				s.addStatus(old, Status{State: "inactive", Environ: old.Environment})
			}
		}
	}
	return answer{status: http.StatusCreated, body: s.statusJSON(d, st)}
}

func (s *Server) addStatus(d *Deployment, st Status) Status {
	s.ids++
	st.ID = s.ids
	d.Statuses = append(d.Statuses, st)
	return st
}

func (s *Server) deploymentJSON(d *Deployment) map[string]any {
	at := fmt.Sprintf("%s/repos/%s/deployments/%d", s.URL, s.Repository, d.ID)
	payload := d.Payload
	if payload == nil {
		payload = json.RawMessage(`{}`)
	}
	return map[string]any{
		"id": d.ID, "node_id": fmt.Sprintf("DE_%d", d.ID), "sha": d.Ref, "ref": d.Ref, "task": "deploy", "payload": payload,
		"environment": d.Environment, "original_environment": d.Environment, "description": d.Description, "creator": d.By.json(),
		"created_at": stamp(s.Now()), "updated_at": stamp(s.Now()), "url": at, "statuses_url": at + "/statuses",
		"repository_url": s.URL + "/repos/" + s.Repository, "transient_environment": d.Transient, "production_environment": d.Production,
	}
}

func (s *Server) statusJSON(d *Deployment, st Status) map[string]any {
	at := fmt.Sprintf("%s/repos/%s/deployments/%d", s.URL, s.Repository, d.ID)
	return map[string]any{
		"id": st.ID, "node_id": fmt.Sprintf("DES_%d", st.ID), "state": st.State, "creator": d.By.json(), "description": st.Description,
		"environment": st.Environ, "target_url": st.LogURL, "log_url": st.LogURL, "environment_url": st.URL,
		"created_at": stamp(s.Now()), "updated_at": stamp(s.Now()), "url": fmt.Sprintf("%s/statuses/%d", at, st.ID),
		"deployment_url": at, "repository_url": s.URL + "/repos/" + s.Repository,
	}
}
