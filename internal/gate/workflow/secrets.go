package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// secretsInherit reports a call of a reusable workflow that passes on every secret.
func secretsInherit(w *File) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		c := j.WorkflowCall
		if c == nil || !c.InheritSecrets || c.Uses == nil {
			continue
		}
		sev, where := report.High, ", in another repository"
		if local(c.Uses.Value) {
			sev, where = report.Low, ""
		}
		out = append(out, report.Finding{
			Rule: "secrets-inherit", Severity: sev, At: w.at(c.Uses.Pos),
			Message: fmt.Sprintf("secrets: inherit passes every secret to %s%s", short(c.Uses.Value), where),
			Fix:     "pass the secrets it needs by name: secrets: {DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}}",
		})
	}
	return out
}

// overprovisionedSecrets reports an expression that reads all secrets at once.
func overprovisionedSecrets(w *File) []report.Finding {
	var out []report.Finding
	w.expressions(func(s *actionlint.String, p placeholder) {
		for _, r := range reads(p.node, false) {
			if r.path[0] != "secrets" || !(len(r.path) == 1 && r.whole || len(r.path) == 2 && r.path[1] == "*") {
				continue
			}
			out = append(out, report.Finding{
				Rule: "overprovisioned-secrets", Severity: report.Medium, At: w.within(s, p.offset),
				Message: fmt.Sprintf("%s passes every secret of the repository and the organization to the step", short(p.text)),
				Fix:     "pass the one secret by name: ${{ secrets.DEPLOY_KEY }}",
			})
		}
	})
	return out
}

// insecureCommands reports ACTIONS_ALLOW_UNSECURE_COMMANDS, which lets the output of a
// step set variables and paths.
func insecureCommands(w *File) []report.Finding {
	const name = "ACTIONS_ALLOW_UNSECURE_COMMANDS"
	var out []report.Finding
	check := func(e *actionlint.Env) {
		if e == nil {
			return
		}
		if v := e.Vars[strings.ToLower(name)]; v != nil && slices.Contains([]string{"true", "1", "$true"}, strings.ToLower(value(v.Value))) {
			out = append(out, report.Finding{
				Rule: "insecure-commands", Severity: report.High, At: w.at(v.Value.Pos),
				Message: name + " lets the output of a step set variables and PATH of later steps",
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

// values calls do with every script, input and environment variable.
func (w *File) values(do func(*actionlint.String)) {
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
