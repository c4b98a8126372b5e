package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// outsideEvents lists the events that someone without write access can trigger. The
// value true means privileged: the run has the repository's token and secrets. On
// pull_request_review and pull_request_review_comment it has them if the pull request
// comes from a branch of the repository, which anyone may review.
var outsideEvents = map[string]bool{
	"pull_request": false, "pull_request_review": true, "pull_request_review_comment": true,
	"pull_request_target": true, "workflow_run": true, "issue_comment": true, "issues": true,
	"discussion": true, "discussion_comment": true,
}

// about is appended to the name of an event for a run about the issue or pull request of
// an outsider that someone else starts, whom the conditions accept. Without it, an
// outsider starts the run: on a comment or a review, perhaps about what a member wrote.
const about = "\x00"

// unlabelled is appended for a run that does not begin with a new label.
const unlabelled = "\x02"

// started and subject are the runs to ask events about: those that an outsider starts,
// and those about what an outsider wrote.
func started(event string) string {
	if _, ok := outsideEvents[event]; !ok {
		return ""
	}
	return event
}

func subject(event string) string {
	if started(event) == "" {
		return ""
	}
	return event + about
}

// runsWith returns the runs that can have a text of an outsider. The outsider starts the
// run if the text is a comment or a review.
func runsWith(name string) func(event string) string {
	if strings.Contains(name, "github.event.comment.") || strings.Contains(name, "github.event.review.") {
		return started
	}
	return subject
}

// onFork reports whether a run about a pull request from a fork is privileged.
func onFork(event string) bool {
	return outsideEvents[event] && !strings.HasPrefix(event, "pull_request_review")
}

// events lists the events on which the step, or the job if s is nil, may run if it is
// called by p, in file order. run returns the run of an event to evaluate the conditions
// for, or "" to leave the event out.
func (w *File) events(j *actionlint.Job, s *actionlint.Step, p *call, run func(event string) string) []string {
	excluded := func(event string) bool {
		c := scope{File: w, job: j, step: s, from: p}
		return !w.reached(j, run(event), p) || s != nil && c.holds(condition(s.If), run(event)) == no
	}
	if p != nil {
		return slices.DeleteFunc(p.events(p.job, p.step, p.from, run), excluded)
	}
	var out []string
	for _, e := range w.On {
		if name := e.EventName(); run(name) != "" && w.caused(e) && !excluded(name) {
			out = append(out, name)
		}
	}
	return out
}

// outsiders lists the events with which an outsider can trigger the step, or the job
// if s is nil, in file order.
func (w *File) outsiders(j *actionlint.Job, s *actionlint.Step) []string {
	return w.events(j, s, nil, started)
}

// privileged lists the events among outsiders that run with the repository's token and
// secrets.
func (w *File) privileged(j *actionlint.Job, s *actionlint.Step) []string {
	return slices.DeleteFunc(w.outsiders(j, s), func(e string) bool { return !outsideEvents[e] })
}

// caused reports whether a workflow_run follows a run that an outsider can trigger. A
// branches: filter does not protect, because a fork may name its branch main.
func (w *File) caused(e actionlint.Event) bool {
	hook, ok := e.(*actionlint.WebhookEvent)
	if !ok || hook.EventName() != "workflow_run" || w.outside == nil || len(hook.Workflows) == 0 {
		return true
	}
	return slices.ContainsFunc(hook.Workflows, func(name *actionlint.String) bool {
		outside, known := w.outside[name.Value]
		return outside || !known
	})
}

// reached reports whether a job and the jobs it needs can run on an event, if the file
// is called by p.
func (w *File) reached(j *actionlint.Job, event string, p *call) bool {
	key := visit{j, event, p}
	if known, ok := w.visited[key]; ok {
		return known
	}
	w.visited[key] = true // ends the recursion if jobs need each other
	w.visited[key] = w.runs(j, event, p)
	return w.visited[key]
}

// visit is a job that is evaluated for an event.
type visit struct {
	job   *actionlint.Job
	event string
	from  *call
}

func (w *File) runs(j *actionlint.Job, event string, p *call) bool {
	if (scope{File: w, job: j, from: p}).holds(condition(j.If), event) == no {
		return false
	}
	return runsAnyway(j) || !slices.ContainsFunc(j.Needs, func(id *actionlint.String) bool {
		need := w.Jobs[strings.ToLower(value(id))]
		return need != nil && !w.reached(need, event, p)
	})
}

// runsAnyway reports whether a job also runs if the jobs that it needs did not succeed.
func runsAnyway(j *actionlint.Job) bool {
	text := strings.ToLower(value(j.If))
	return strings.Contains(text, "always()") || strings.Contains(text, "cancelled()") || strings.Contains(text, "failure()")
}

// truth is the value of a condition in a run that an outsider triggered.
type truth int

const (
	unknown truth = iota
	yes
	no
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// holds evaluates a condition that reads nothing but the event.
func holds(n actionlint.ExprNode, event string) truth { return scope{}.holds(n, event) }

// holds evaluates a condition for a run that an outsider triggered.
func (c scope) holds(n actionlint.ExprNode, event string) truth {
	switch n := n.(type) {
	case *actionlint.NotOpNode:
		return c.holds(n.Operand, event).not()
	case *actionlint.LogicalOpNode:
		a, b := c.holds(n.Left, event), c.holds(n.Right, event)
		stops := no // the operand that decides alone: no for &&, yes for ||
		if n.Kind == actionlint.LogicalOpNodeKindOr {
			stops = yes
		}
		switch {
		case a == stops || b == stops:
			return stops
		case a == unknown || b == unknown:
			return unknown
		}
		return stops.not()
	case *actionlint.CompareOpNode:
		switch equal := agree(c.values(n.Left, event), c.values(n.Right, event), same); n.Kind {
		case actionlint.CompareOpNodeKindEq:
			return equal
		case actionlint.CompareOpNodeKindNotEq:
			return equal.not()
		}
		return unknown
	}
	return agree(c.values(n, event), []string{""}, truthy)
}
