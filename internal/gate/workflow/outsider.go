package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// outsideEvents lists the events that someone without write access can trigger. The
// value true means privileged: the run has the repository's token and secrets.
var outsideEvents = map[string]bool{
	"pull_request": false, "pull_request_review": false, "pull_request_review_comment": false,
	"pull_request_target": true, "workflow_run": true, "issue_comment": true, "issues": true,
	"discussion": true, "discussion_comment": true,
}

// outsiders lists the events with which an outsider can trigger the step, or the job
// if s is nil, in file order.
func (w *File) outsiders(j *actionlint.Job, s *actionlint.Step) []string {
	var out []string
	for _, e := range w.On {
		name := e.EventName()
		if _, ok := outsideEvents[name]; !ok || !w.caused(e) || !w.reached(j, name) {
			continue
		}
		if s != nil && holds(condition(s.If), name) == no {
			continue
		}
		out = append(out, name)
	}
	return out
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

// reached reports whether a job and the jobs it needs can run on an event.
func (w *File) reached(j *actionlint.Job, event string) bool {
	key := visit{j, event}
	if known, ok := w.visited[key]; ok {
		return known
	}
	w.visited[key] = true // ends the recursion if jobs need each other
	w.visited[key] = w.runs(j, event)
	return w.visited[key]
}

// visit is a job that is evaluated for an event.
type visit struct {
	job   *actionlint.Job
	event string
}

func (w *File) runs(j *actionlint.Job, event string) bool {
	if holds(condition(j.If), event) == no {
		return false
	}
	text := strings.ToLower(value(j.If))
	if strings.Contains(text, "always()") || strings.Contains(text, "cancelled()") || strings.Contains(text, "failure()") {
		return true
	}
	return !slices.ContainsFunc(j.Needs, func(id *actionlint.String) bool {
		need := w.Jobs[strings.ToLower(value(id))]
		return need != nil && !w.reached(need, event)
	})
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

// holds evaluates a condition for a run that an outsider triggered.
func holds(n actionlint.ExprNode, event string) truth {
	switch n := n.(type) {
	case *actionlint.BoolNode:
		return truthOf(n.Value)
	case *actionlint.NotOpNode:
		return holds(n.Operand, event).not()
	case *actionlint.LogicalOpNode:
		a, b := holds(n.Left, event), holds(n.Right, event)
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
		return compare(n, event)
	case *actionlint.FuncCallNode:
		return called(n, event)
	}
	if v := outsideValue(n, event); v == "true" || v == "false" {
		return truthOf(v == "true")
	}
	return unknown
}

// Values that differ from every literal in a condition.
const (
	unknownValue = ""
	forkValue    = "\x00fork" // the repository of a fork
	ourValue     = "\x00ours" // this repository
	userValue    = "\x00user" // someone without a role in this repository
	tagValue     = "\x00tag"  // the ref of a tag
)

func compare(n *actionlint.CompareOpNode, event string) truth {
	a, b := outsideValue(n.Left, event), outsideValue(n.Right, event)
	if a == unknownValue || b == unknownValue {
		return unknown
	}
	if a == tagValue && strings.HasPrefix(b, "refs/tags/") || b == tagValue && strings.HasPrefix(a, "refs/tags/") {
		return unknown
	}
	hidden := strings.HasPrefix(a, "\x00") || strings.HasPrefix(b, "\x00")
	if hidden && (a == ourValue || b == ourValue) && a != forkValue && b != forkValue {
		return unknown // the name of this repository is not known here
	}
	switch equal := truthOf(strings.EqualFold(a, b)); n.Kind {
	case actionlint.CompareOpNodeKindEq:
		return equal
	case actionlint.CompareOpNodeKindNotEq:
		return equal.not()
	}
	return unknown
}

func called(n *actionlint.FuncCallNode, event string) truth {
	if len(n.Args) != 2 {
		return unknown
	}
	item := outsideValue(n.Args[1], event)
	switch name := strings.ToLower(n.Callee); {
	case name == "contains" && item != unknownValue && item != ourValue:
		if all, ok := list(n.Args[0]); ok {
			return truthOf(slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, item) }))
		}
		if s, ok := n.Args[0].(*actionlint.StringNode); ok {
			return truthOf(strings.Contains(strings.ToLower(s.Value), strings.ToLower(item)))
		}
	case name == "startswith" && outsideValue(n.Args[0], event) == tagValue:
		if strings.HasPrefix("refs/tags/", item) {
			return yes
		}
		if !strings.HasPrefix(item, "refs/tags/") {
			return no
		}
	case name == "startswith" && item != unknownValue:
		if s := outsideValue(n.Args[0], event); s != unknownValue && s[0] != 0 {
			return truthOf(strings.HasPrefix(strings.ToLower(s), strings.ToLower(item)))
		}
	}
	return unknown
}

// outsideValue returns the value of an expression if an outsider triggered the event.
// It returns unknownValue if the value can be anything.
func outsideValue(n actionlint.ExprNode, event string) string {
	switch n := n.(type) {
	case *actionlint.StringNode:
		return n.Value
	case *actionlint.BoolNode:
		if n.Value {
			return "true"
		}
		return "false"
	}
	parts, ok := contextPath(n)
	if !ok {
		return unknownValue
	}
	path := strings.Join(parts, ".")
	if event == commented && strings.HasPrefix(path, "github.event.comment.") {
		return unknownValue
	}
	switch path {
	case "github.event_name":
		return strings.TrimRight(event, "\x00")
	case "github.event.workflow_run.event":
		return "pull_request"
	case "github.event.pull_request.head.repo.fork", "github.event.workflow_run.head_repository.fork":
		return "true"
	case "github.event.pull_request.merged":
		return "false"
	case "github.event.pull_request.author_association", "github.event.comment.author_association",
		"github.event.issue.author_association", "github.event.review.author_association":
		return "NONE"
	case "github.event.pull_request.head.repo.full_name", "github.event.workflow_run.head_repository.full_name",
		"github.event.pull_request.head.repo.owner.login", "github.event.pull_request.head.user.login",
		"github.event.workflow_run.head_repository.owner.login", "github.event.pull_request.head.repo.id":
		return forkValue
	case "github.repository", "github.repository_owner", "github.repository_id", "github.event.repository.full_name",
		"github.event.repository.owner.login", "github.event.repository.id", "github.event.pull_request.base.repo.full_name",
		"github.event.pull_request.base.repo.id":
		return ourValue
	case "github.event.pull_request.user.login", "github.event.comment.user.login":
		return userValue
	case "github.ref", "github.ref_type":
		if event == "release" || event == pushedTag {
			return map[string]string{"github.ref": tagValue, "github.ref_type": "tag"}[path]
		}
		if strings.HasPrefix(event, "pull_request") && event != "pull_request_target" && path == "github.ref" {
			return "refs/pull/1/merge"
		}
		if path == "github.ref_type" {
			return "branch"
		}
	}
	return unknownValue
}
