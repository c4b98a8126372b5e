package github

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v74/github"
)

// Deployment describes a deployment to an environment, which GitHub shows on the pull
// request.
type Deployment struct {
	Environment string // preview/pr-12
	Commit      string // full id of the head; a pull request does not show deployments of its merge commit
	URL         string // of the environment; "": none yet
	LogURL      string // of the run
	Description string // cut at 140 characters, GitHub's limit
	State       string // queued, pending, in_progress, success, failure, error, inactive
}

var states = []string{"queued", "pending", "in_progress", "success", "failure", "error", "inactive"}

func (d Deployment) check() error {
	switch {
	case d.Environment == "" || len(d.Environment) > 255:
		return fmt.Errorf("cannot show deployment: the name of environment %.50q is invalid: want 1 to 255 characters", d.Environment)
	case !slices.Contains(states, d.State):
		return fmt.Errorf("cannot show deployment of %s: unknown state %.50q: want one of %s", d.Environment, d.State, strings.Join(states, ", "))
	}
	for _, u := range []string{d.URL, d.LogURL} {
		if u != "" && link(u) == "" {
			return fmt.Errorf("cannot show deployment of %s: %.200q is not an http or https URL", d.Environment, u)
		}
	}
	return nil
}

// Deploy creates a deployment and sets its state. If the state is success, Deploy also
// makes the older deployments of the environment inactive, because GitHub's
// auto_inactive ignores transient environments. A refusal is in the Outcome; the id is 0
// unless the deployment itself was created.
func (c *Client) Deploy(ctx context.Context, d Deployment) (int64, Outcome, error) {
	if err := d.check(); err != nil {
		return 0, Outcome{}, err
	}
	if !commitID.MatchString(d.Commit) {
		return 0, Outcome{}, fmt.Errorf("cannot show deployment of %s: %.70q is not a commit id", d.Environment, d.Commit)
	}
	a := request{"show deployment of " + bounded(d.Environment, 255), "deployments: write"}
	key := "goldenpath-" + strconv.FormatInt(c.wire.now().UnixNano(), 36)
	request := &gh.DeploymentRequest{
		Ref: &d.Commit, Environment: &d.Environment, Description: gh.Ptr(brief(d.Description)),
		AutoMerge: gh.Ptr(false), RequiredContexts: &[]string{},
		TransientEnvironment: gh.Ptr(true), ProductionEnvironment: gh.Ptr(false),
		Payload: map[string]string{"key": key},
	}
	id := int64(0)
	err := c.create(ctx, a, func() error {
		made, _, err := c.api.Repositories.CreateDeployment(ctx, c.owner, c.name, request)
		id = made.GetID()
		return err
	}, func() (bool, error) {
		list, _, err := c.api.Repositories.ListDeployments(ctx, c.owner, c.name, &gh.DeploymentsListOptions{
			Environment: d.Environment, ListOptions: gh.ListOptions{PerPage: perPage},
		})
		for _, one := range list {
			if strings.Contains(string(one.Payload), key) {
				id = one.GetID()
				return true, nil
			}
		}
		return false, c.judge(ctx, a, err)
	})
	if err == nil {
		err = c.DeploymentStatus(ctx, id, d)
	}
	o, err := outcome("", err)
	return id, o, err
}

// DeploymentStatus changes the State, URL, LogURL and Description of a deployment. If
// GitHub refuses the change, the error is a *Denied.
func (c *Client) DeploymentStatus(ctx context.Context, id int64, d Deployment) error {
	if err := d.check(); err != nil {
		return err
	}
	if err := c.status(ctx, id, d); err != nil || d.State != "success" {
		return err
	}
	return c.retire(ctx, d.Environment, func(older int64) bool { return older < id }, 5)
}

// Retire makes all deployments of an environment inactive. If there are none, the
// Outcome is done.
func (c *Client) Retire(ctx context.Context, environment string) (Outcome, error) {
	if err := (Deployment{Environment: environment, State: "inactive"}).check(); err != nil {
		return Outcome{}, err
	}
	return outcome("", c.retire(ctx, environment, func(int64) bool { return true }, 0))
}

// retire makes the deployments for which the function which returns true inactive. It
// reads deployments from the newest to the oldest, and stops after limit inactive
// deployments in a row (0: it reads all). It changes the oldest first, so that after an
// interruption the next call still finds the rest.
func (c *Client) retire(ctx context.Context, environment string, which func(int64) bool, limit int) error {
	a := request{"make deployments of " + bounded(environment, 255) + " inactive", "deployments: write"}
	ids, err := c.deployments(ctx, a, environment)
	if err != nil {
		return err
	}
	var live []int64
	inactive := 0
	for _, id := range ids {
		if !which(id) {
			continue
		}
		last, err := c.last(ctx, a, id)
		if err != nil {
			return err
		}
		if last.GetState() != "inactive" {
			live, inactive = append(live, id), 0
		} else if inactive++; inactive == limit {
			break
		}
	}
	for _, id := range slices.Backward(live) {
		if err := c.status(ctx, id, Deployment{Environment: environment, State: "inactive"}); err != nil {
			return err
		}
	}
	return nil
}

// deployments lists the deployments of an environment, the newest first.
func (c *Client) deployments(ctx context.Context, a request, environment string) ([]int64, error) {
	var ids []int64
	err := pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		list, res, err := c.api.Repositories.ListDeployments(ctx, c.owner, c.name, &gh.DeploymentsListOptions{Environment: environment, ListOptions: page})
		if err := c.judge(ctx, a, err); err != nil {
			return nil, err
		}
		for _, one := range list {
			if strings.EqualFold(one.GetEnvironment(), environment) {
				ids = append(ids, one.GetID())
			}
		}
		return res, nil
	})
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids)
	return ids, err
}

// last returns the newest status of a deployment, or nil if the deployment has none.
func (c *Client) last(ctx context.Context, a request, id int64) (*gh.DeploymentStatus, error) {
	all, _, err := c.api.Repositories.ListDeploymentStatuses(ctx, c.owner, c.name, id, &gh.ListOptions{PerPage: 30})
	if err := c.judge(ctx, a, err); err != nil || len(all) == 0 {
		return nil, err
	}
	return slices.MaxFunc(all, func(x, y *gh.DeploymentStatus) int { return int(x.GetID() - y.GetID()) }), nil
}

func (c *Client) status(ctx context.Context, id int64, d Deployment) error {
	a := request{fmt.Sprintf("show %s as %s", bounded(d.Environment, 255), d.State), "deployments: write"}
	request := &gh.DeploymentStatusRequest{State: &d.State, Environment: &d.Environment, AutoInactive: gh.Ptr(false)}
	description := brief(d.Description)
	for _, f := range []struct {
		to   **string
		from string
	}{{&request.EnvironmentURL, d.URL}, {&request.LogURL, d.LogURL}, {&request.Description, description}} {
		if f.from != "" {
			*f.to = &f.from
		}
	}
	return c.create(ctx, a, func() error {
		_, _, err := c.api.Repositories.CreateDeploymentStatus(ctx, c.owner, c.name, id, request)
		return err
	}, func() (bool, error) {
		last, err := c.last(ctx, a, id)
		return last.GetState() == d.State && last.GetDescription() == description && last.GetEnvironmentURL() == d.URL, err
	})
}

// brief returns a description on one line of at most 140 bytes; GitHub allows 140
// characters.
func brief(s string) string { return bounded(strings.Join(strings.Fields(s), " "), 140) }

// link returns the URL if GitHub accepts it as a link, else "".
func link(s string) string {
	u, err := url.Parse(s)
	if err != nil || len(s) > 2000 || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return s
}
