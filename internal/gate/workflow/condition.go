package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// botCondition reports a condition that trusts the actor of the latest event. On an
// outsider's pull request, the outsider can make a bot trigger that event.
func botCondition(w *File) []report.Finding {
	var out []report.Finding
	check := func(cond *actionlint.String, events []string, j *actionlint.Job, guarded []*actionlint.Step) {
		node := condition(cond)
		if node == nil || len(events) == 0 {
			return
		}
		sev := report.Low
		if slices.ContainsFunc(events, onFork) {
			sev = report.Medium
			if w.merges(j, guarded) {
				sev = report.High
			}
		}
		actionlint.VisitExprNode(node, func(n, parent actionlint.ExprNode, entering bool) {
			if _, excluded := parent.(*actionlint.NotOpNode); excluded || !entering {
				return
			}
			name, bot := trusted(n)
			if bot == "" {
				return
			}
			out = append(out, report.Finding{
				Rule: "bot-condition", Severity: sev, At: w.within(cond, 0),
				Message: fmt.Sprintf("%s can be spoofed: it is the actor of the latest event (%s), which on a fork's pull request may be %s", name, strings.Join(events, ", "), short(bot)),
				Fix:     fmt.Sprintf("use if: github.event.pull_request.user.login == '%s' && github.event.pull_request.head.repo.full_name == github.repository", short(bot)),
			})
		})
	}
	for _, j := range w.jobs() {
		check(j.If, w.outsiders(j, nil), j, j.Steps)
		for _, s := range j.Steps {
			check(s.If, w.outsiders(j, s), j, []*actionlint.Step{s})
		}
	}
	return out
}

var (
	mergesPR     = regexp.MustCompile(`\bgh\s+pr\s+(?:merge\b|review\b.*(?:--approve|\s-a\b))|/pulls/[^\s]*/merge\b|enablePullRequestAutoMerge|\bpulls\.(?:merge|createReview)\b|\bhub\s+merge\b`)
	mergeActions = []string{
		"hmarr/auto-approve-action", "pascalgn/automerge-action", "ahmadnassri/action-dependabot-auto-merge", "peter-evans/enable-pull-request-automerge",
		"reitermarkus/automerge", "juliangruber/approve-pull-request-action", "juliangruber/merge-pull-request-action", "alexwilson/enable-github-automerge-action",
	}
)

// merges reports whether a step merges or approves a pull request with the right to do
// so, in a job without dependabot/fetch-metadata, which fails for a pull request that
// is not Dependabot's.
func (w *File) merges(j *actionlint.Job, guarded []*actionlint.Step) bool {
	if !w.grants(j, "contents") && !w.grants(j, "pull-requests") && !slices.ContainsFunc(guarded, func(s *actionlint.Step) bool { return w.ownToken(j, s) }) ||
		slices.ContainsFunc(j.Steps, func(s *actionlint.Step) bool { return actionName(s) == "dependabot/fetch-metadata" }) {
		return false
	}
	return slices.ContainsFunc(guarded, func(s *actionlint.Step) bool {
		return slices.Contains(mergeActions, actionName(s)) || mergesPR.MatchString(value(script(s))) || mergesPR.MatchString(value(input(s, "script")))
	})
}

var tokenName = regexp.MustCompile(`(?i)token|^(?:gh_)?pat$`)

// ownToken reports whether a step has a token other than the one of the job: a secret, or
// the output of a step that made one. The permissions of the job do not limit it.
func (w *File) ownToken(j *actionlint.Job, s *actionlint.Step) bool {
	own := false
	(scope{File: w, job: j, step: s}).given(func(key string, v *actionlint.String) {
		own = own || tokenName.MatchString(key) && slices.ContainsFunc(placeholders(value(v)), func(p placeholder) bool {
			return slices.ContainsFunc(reads(p.node, false), func(r read) bool {
				name := strings.Join(r.path, ".")
				return r.path[0] == "secrets" && name != "secrets.github_token" || r.path[0] == "steps" && strings.HasSuffix(name, "token")
			})
		})
	})
	return own
}

// trusted returns the context and the bot of an expression that is true if a bot is the
// actor. bot is "" if it is another expression.
func trusted(n actionlint.ExprNode) (name, bot string) {
	switch n := n.(type) {
	case *actionlint.CompareOpNode:
		if n.Kind != actionlint.CompareOpNodeKindEq {
			return "", ""
		}
		if name, bot = actor(n.Left, n.Right); bot == "" {
			name, bot = actor(n.Right, n.Left)
		}
	case *actionlint.FuncCallNode:
		if len(n.Args) != 2 {
			return "", ""
		}
		switch strings.ToLower(n.Callee) {
		case "contains":
			all, _ := list(n.Args[0])
			for _, item := range all {
				if name, bot = actor(n.Args[1], &actionlint.StringNode{Value: item}); bot != "" {
					return name, bot
				}
			}
			return actor(n.Args[0], n.Args[1])
		case "endswith":
			return actor(n.Args[0], n.Args[1])
		}
	}
	return name, bot
}

// botIDs are the ids of accounts that act for a bot.
var botIDs = map[string]string{
	"49699333": "dependabot[bot]", "27856297": "dependabot-preview[bot]", "29139614": "renovate[bot]",
	"41898282": "github-actions[bot]", "65916846": "github-actions[bot]",
}

func actor(a, b actionlint.ExprNode) (name, bot string) {
	p, ok := contextPath(a)
	name = strings.Join(p, ".")
	text := ""
	switch b := b.(type) {
	case *actionlint.StringNode:
		text = b.Value
	case *actionlint.IntNode:
		text = strconv.Itoa(b.Value)
	}
	switch {
	case !ok:
	case name == "github.actor_id" || name == "github.event.sender.id":
		if bot := botIDs[text]; bot != "" {
			return name, bot
		}
	case (name == "github.actor" || name == "github.triggering_actor" || name == "github.event.sender.login") && strings.HasSuffix(strings.ToLower(text), "[bot]"):
		return name, text
	}
	return "", ""
}
