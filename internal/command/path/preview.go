package path

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/comment"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/notify"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// PreviewUp is `goldenpath preview up`.
type PreviewUp struct {
	Name   string `help:"Name of the preview, such as pr-12. Default: pr-NUMBER in a pull request's run."`
	Digest string `help:"Digest of the image to deploy, sha256:…." required:""`
	Head   string `help:"Refuse to deploy if the pull request's head is no longer this commit. Default: the commit in the event, otherwise the one recorded in the image." placeholder:"COMMIT"`
	TTL    string `name:"ttl" help:"How long the preview lives, such as 24h, at most preview.max-ttl. Default: preview.ttl." placeholder:"DURATION"`
	DryRun bool   `help:"Print the plan and change nothing."`
	GitHub
	Cluster
	Where
	command.Output
}

// Do creates or updates the preview.
func (c *PreviewUp) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	p, err := c.previews(ctx, env, c.GitHub, c.Cluster, c.Name, true)
	if err != nil {
		return nil, err
	}
	w := p.world
	if p.missing != "" {
		return noPreview(env, "preview-up", w.config.App+" "+p.name, p.missing), nil
	}
	if c.TTL != "" {
		ttl, err := config.ParseDuration(c.TTL)
		if err != nil {
			return nil, report.Usage("--ttl: " + err.Error())
		}
		p.policy.TTL = max(min(ttl, p.policy.MaxTTL), time.Minute)
	}
	secrets, err := w.access().Secrets(w.config, "")
	if err != nil {
		return nil, err
	}
	head := c.Head
	if head == "" {
		head = p.head
	}
	o := stage.PreviewOptions(w.config, p.policy, p.name, c.Digest, w.repo)
	o.PullRequest, o.Head, o.Secrets, o.DryRun = p.number, head, secrets, c.DryRun
	if o.DeferData = env.Runner.Present(); !o.DeferData {
		if o.Seed.Variables, err = w.access().Variables(w.config, "seed"); err != nil {
			return nil, err
		}
	} else if o.Seed.Run != "" && !c.DryRun {
		if o.Seeded, err = p.announce().Seeded(ctx, p.number); err != nil {
			return nil, fmt.Errorf("cannot read whether the seed of %s ran: %w", p.name, err)
		}
	}
	rep, err := preview.Up(ctx, p.deps, o)
	if rep == nil || c.DryRun {
		return p.sourced(rep), err
	}
	sweeps := env.Runner.Present() // a person sweeps when they want to
	if full := rep.Reason == report.ReasonLimitReached || rep.Reason == report.ReasonOverBudget; sweeps && full {
		row, removed := p.sweepDue(ctx)
		if removed > 0 { // there is room now
			if rep, err = preview.Up(ctx, p.deps, o); rep == nil {
				return nil, err
			}
		}
		rep.Checks, sweeps = append(rep.Checks, row), false
	}
	w.tagPreview(ctx, rep, p.name)
	p.announce().Created(ctx, p.sourced(rep), p.name, p.number, head)
	if sweeps {
		row, _ := p.sweepDue(ctx)
		rep.Checks = append(rep.Checks, row)
	}
	return rep, err
}

// sourced adds where the policy was read from to a report.
func (p *previews) sourced(rep *report.Report) *report.Report {
	if rep != nil {
		first := []report.Check{p.source}
		if p.terraform != "" {
			first = append(first, report.Check{Name: "configuration", State: report.OK, Result: p.terraform})
		}
		rep.Checks = append(first, rep.Checks...)
	}
	return rep
}

// PreviewDown is `goldenpath preview down`.
type PreviewDown struct {
	Preview  string `arg:"" optional:"" name:"preview" help:"Name of the preview, as with --name."`
	Name     string `help:"Name of the preview, such as pr-12. Default: pr-NUMBER in a pull request's run."`
	Due      string `help:"Set to true to remove every preview that is due for removal, like preview sweep. Default: false." placeholder:"BOOL"`
	EvenOpen bool   `help:"Remove the preview even though its pull request is open."`
	DryRun   string `help:"Show what would be removed and change nothing. Default: true if --due is set and the workflow was started manually (workflow_dispatch), otherwise false." placeholder:"BOOL"`
	GitHub
	Cluster
	Where
	command.Output
}

// Do removes the preview.
func (c *PreviewDown) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	due, err := boolean("due", c.Due, false)
	if err != nil {
		return nil, err
	}
	if due {
		p, err := c.previews(ctx, env, c.GitHub, c.Cluster, anyPreview, true)
		if err != nil {
			return nil, err
		}
		return p.sweep(ctx, "", c.DryRun)
	}
	dryRun, err := boolean("dry-run", c.DryRun, false)
	if err != nil {
		return nil, err
	}
	name, err := either(c.Preview, c.Name, "--name")
	if err != nil {
		return nil, err
	}
	p, err := c.previews(ctx, env, c.GitHub, c.Cluster, name, false)
	if err != nil {
		return nil, err
	}
	if p.missing != "" {
		return noPreview(env, "preview-down", p.config.App+" "+p.name, p.missing), nil
	}
	deps, gone := p.removing()
	rep, err := preview.Down(ctx, deps, preview.DownOptions{Policy: p.policy, Name: p.name, PullRequest: p.number, Open: c.EvenOpen, DryRun: dryRun})
	if rep != nil && !dryRun {
		p.untag(ctx, rep, gone.names)
		p.announce().Removed(ctx, rep, p.name, p.number)
	}
	return rep, err
}

// PreviewList is `goldenpath preview list`.
type PreviewList struct {
	GitHub
	Cluster
	Where
	command.Output
}

// Do lists the previews.
func (c *PreviewList) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	p, err := c.previews(ctx, env, c.GitHub, c.Cluster, anyPreview, true)
	if err != nil {
		return nil, err
	}
	if p.missing != "" {
		return noPreview(env, "preview-list", p.config.App, p.missing), nil
	}
	return preview.List(ctx, p.deps, p.policy)
}

// PreviewReport is `goldenpath preview report`.
type PreviewReport struct {
	Day    string `help:"Day to report, in UTC. Default: yesterday." placeholder:"2026-11-21"`
	Notify bool   `help:"Send the report to the webhooks listed under \"notify\" in .goldenpath.yml."`
	Once   bool   `help:"With --notify: send the report of a day only once, however often this command runs."`
	GitHub
	Cluster
	Where
	command.Output
}

// Do reports the cost of one day.
func (c *PreviewReport) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	p, err := c.previews(ctx, env, c.GitHub, c.Cluster, anyPreview, false)
	if err != nil {
		return nil, err
	}
	if p.missing != "" {
		return noPreview(env, "preview-report", p.config.App, p.missing), nil
	}
	on := env.Now().UTC().Add(-24 * time.Hour)
	if c.Day != "" {
		if on, err = time.Parse(time.DateOnly, c.Day); err != nil {
			return nil, report.Usage(fmt.Sprintf("--day %.40q is not a day such as 2026-11-21", c.Day))
		}
	}
	rep, err := preview.Daily(ctx, p.deps, p.policy, on)
	if err != nil || !c.Notify {
		return rep, err
	}
	send := func() error {
		return notify.Send(ctx, rep, notify.Webhooks{Slack: p.config.Notify.Slack, Teams: p.config.Notify.Teams}, env.Getenv)
	}
	if c.Once {
		return rep, preview.Once(ctx, p.deps, on, send)
	}
	return rep, send()
}

// previews are the services and the policy that the commands for previews share.
type previews struct {
	*world
	deps   preview.Deps
	policy preview.Policy
	source report.Check // where the policy was read from

	terraform string // which Terraform configuration applies; "": that of the checkout, or none
	missing   string // why there can be no preview; deps is empty then

	github *github.Client
	name   string
	number int
	head   string
}

// announce returns the publisher of previews on GitHub.
func (p *previews) announce() comment.Previews {
	return comment.Previews{Hub: p.github, App: p.config.App, Own: p.folder != "", Run: p.env.Runner.RunURL()}
}

// anyPreview is the preview name in commands that handle all previews.
const anyPreview = "*"

var ofPullRequest = regexp.MustCompile(`^pr-([0-9]+)$`)

func (where Where) previews(ctx context.Context, env *command.Env, g GitHub, cl Cluster, name string, bounds bool) (*previews, error) {
	w, err := where.configured(ctx, env, g, cl)
	if err != nil {
		return nil, err
	}
	return w.previews(ctx, g, name, bounds)
}

func (w *world) previews(ctx context.Context, g GitHub, name string, bounds bool) (*previews, error) {
	env := w.env
	p := &previews{world: w, name: name}
	e, err := env.Runner.Event()
	if err != nil {
		return nil, err
	}
	if name != anyPreview {
		if p.name, p.number, err = previewName(env, name); err != nil {
			return nil, err
		}
		if p.number == e.PullRequest.Number {
			p.head = e.PullRequest.Head
		}
	}
	if p.policy, p.source, err = w.policy(ctx, bounds); err != nil {
		return nil, err
	}
	if p.github, err = g.client(env); err != nil {
		return nil, err
	}
	// If the base commit cannot be read, it declares no secrets: the error must not prevent
	// the removal of a preview.
	if w.declared, err = w.declaredBy(ctx); err != nil && bounds {
		return nil, err
	}
	if name == anyPreview || !bounds {
		w.config.Preview.PullSecret = "" // only a deployment needs it
	}
	if p.terraform, p.missing, err = w.baseConfiguration(ctx); err != nil || p.missing != "" {
		return p, err
	}
	t, err := w.access().Open(w.config.Preview.Deploy, "")
	if err != nil {
		return nil, err
	}
	records := preview.Ledger(t, w.ledger)
	if w.config.Preview.Target == "kubernetes" {
		if records, err = w.ownRecords(ctx, records); err != nil {
			return nil, err
		}
	}
	p.deps = preview.Deps{
		Target: t, Repository: w.repository, Reference: w.repository.Pull, Ledger: records, Now: env.Now, By: env.Runner.Identity(), Guard: w.guard(),
		Say: func(ph target.Phase) {
			fmt.Fprintf(env.Stderr, "  %-10s %-60s %6.1f s\n", report.LogLine(ph.Name), report.LogLine(ph.Detail), ph.Seconds)
		},
	}
	if p.github != nil {
		p.deps.PullRequests = p.github
	}
	return p, nil
}

// previewName returns the name of a preview and the number of its pull request, or 0 if
// the name does not contain a number. The default name comes from the event.
func previewName(env *command.Env, name string) (string, int, error) {
	e, err := env.Runner.Event()
	if err != nil {
		return "", 0, err
	}
	if name == "" && e.PullRequest.Number > 0 {
		name = fmt.Sprintf("pr-%d", e.PullRequest.Number)
	}
	if name == "" {
		return "", 0, report.Usage("no preview name: set --name, such as pr-12, or local for the preview of goldenpath run (the default works only in a run of a pull request)")
	}
	m := ofPullRequest.FindStringSubmatch(name)
	if m == nil {
		return name, 0, nil
	}
	number, err := strconv.Atoi(m[1])
	if err != nil || strconv.Itoa(number) != m[1] || number == 0 {
		return "", 0, report.Usage(fmt.Sprintf("--name %.40q does not name a pull request: want pr-NUMBER", name))
	}
	return name, number, nil
}

// boolean parses a flag whose default depends on the run.
func boolean(name, text string, otherwise bool) (bool, error) {
	if text == "" {
		return otherwise, nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return false, report.Usage(fmt.Sprintf("--%s %.20q is not a boolean: set true or false", name, text))
	}
	return v, nil
}
