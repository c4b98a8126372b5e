package actionlint

import (
	"fmt"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// secretsInherit reports a call that hands on every secret there is.
func secretsInherit(w workflow) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		c := j.WorkflowCall
		if c == nil || !c.InheritSecrets || c.Uses == nil {
			continue
		}
		sev, who := report.High, "another repository"
		if local(c.Uses.Value) {
			sev, who = report.Low, "the called workflow"
		}
		out = append(out, report.Finding{
			Rule: "secrets-inherit", Severity: sev, At: w.at(c.Uses.Pos),
			Message: fmt.Sprintf("secrets: inherit hands every secret to %s, %s", short(c.Uses.Value), who),
			Fix:     "name what it needs, secrets: {DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}}",
		})
	}
	return out
}

// overprovisionedSecrets reports an expression that takes all secrets at once.
func overprovisionedSecrets(w workflow) []report.Finding {
	var out []report.Finding
	w.values(func(s *actionlint.String) {
		for _, p := range placeholders(s.Value) {
			for _, r := range reads(p.node, false) {
				if r.path[0] != "secrets" || !(len(r.path) == 1 && r.whole || len(r.path) == 2 && r.path[1] == "*") {
					continue
				}
				out = append(out, report.Finding{
					Rule: "overprovisioned-secrets", Severity: report.Medium, At: w.within(s, p.offset),
					Message: fmt.Sprintf("%s gives the step every secret of the repository and the organization", short(oneLine(p.text))),
					Fix:     "name the one secret: ${{ secrets.DEPLOY_KEY }}",
				})
			}
		}
	})
	return out
}

// insecureCommands reports the switch that lets any line a step prints set
// variables and paths.
func insecureCommands(w workflow) []report.Finding {
	const name = "ACTIONS_ALLOW_UNSECURE_COMMANDS"
	var out []report.Finding
	check := func(e *actionlint.Env) {
		if e == nil {
			return
		}
		if v := e.Vars[strings.ToLower(name)]; v != nil && strings.EqualFold(value(v.Value), "true") {
			out = append(out, report.Finding{
				Rule: "insecure-commands", Severity: report.High, At: w.at(v.Value.Pos),
				Message: name + " lets every line that a step prints set variables and the path of later steps",
				Fix:     `remove it, and write to the file instead: echo "NAME=value" >> "$GITHUB_ENV"`,
			})
		}
	}
	check(w.Env)
	for _, j := range w.jobs() {
		check(j.Env)
		for _, s := range j.Steps {
			check(s.Env)
		}
	}
	return out
}

// values calls do with every script, input and variable.
func (w workflow) values(do func(*actionlint.String)) {
	call := func(s *actionlint.String) {
		if s != nil {
			do(s)
		}
	}
	env := func(e *actionlint.Env) {
		if e == nil {
			return
		}
		for _, key := range sorted(e.Vars) {
			call(e.Vars[key].Value)
		}
	}
	env(w.Env)
	for _, j := range w.jobs() {
		env(j.Env)
		if c := j.WorkflowCall; c != nil {
			for _, key := range sorted(c.Inputs) {
				call(c.Inputs[key].Value)
			}
			for _, key := range sorted(c.Secrets) {
				call(c.Secrets[key].Value)
			}
		}
		for _, s := range j.Steps {
			env(s.Env)
			call(script(s))
			if a, ok := s.Exec.(*actionlint.ExecAction); ok {
				for _, key := range sorted(a.Inputs) {
					call(a.Inputs[key].Value)
				}
			}
		}
	}
}
