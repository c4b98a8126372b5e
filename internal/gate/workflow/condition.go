package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// botCondition reports a condition that trusts the actor of the latest event. On an
// outsider's pull request, the outsider can make a bot trigger that event.
func botCondition(w *File) []report.Finding {
	var out []report.Finding
	check := func(cond *actionlint.String, events []string) {
		node := condition(cond)
		if node == nil || len(events) == 0 {
			return
		}
		sev := report.Low
		if slices.ContainsFunc(events, func(e string) bool { return outsideEvents[e] }) {
			sev = report.Medium
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
		check(j.If, w.outsiders(j, nil))
		for _, s := range j.Steps {
			check(s.If, w.outsiders(j, s))
		}
	}
	return out
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

func actor(a, b actionlint.ExprNode) (name, bot string) {
	p, ok := contextPath(a)
	s, literal := b.(*actionlint.StringNode)
	name = strings.Join(p, ".")
	if !ok || !literal || name != "github.actor" && name != "github.triggering_actor" || !strings.HasSuffix(strings.ToLower(s.Value), "[bot]") {
		return "", ""
	}
	return name, s.Value
}
