package actionlint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// scriptInputs are the inputs of actions that run as a script or a command.
var scriptInputs = map[string][]string{
	"actions/github-script":                  {"script"},
	"azure/cli":                              {"inlinescript"},
	"azure/powershell":                       {"inlinescript"},
	"appleboy/ssh-action":                    {"script"},
	"addnab/docker-run-action":               {"run", "options"},
	"nick-fields/retry":                      {"command", "new_command_on_retry"},
	"nick-invision/retry":                    {"command"},
	"wandalen/wretry.action":                 {"command"},
	"mikefarah/yq":                           {"cmd"},
	"cloudflare/wrangler-action":             {"command", "precommands", "postcommands"},
	"reactivecircus/android-emulator-runner": {"script"},
	"jannekem/run-python-script-action":      {"script"},
	"cardinalby/js-eval-action":              {"expression"},
	"amadevus/pwsh-script":                   {"script"},
}

// scripts of a step: what a shell or an interpreter reads.
func scripts(s *actionlint.Step) []*actionlint.String {
	if run := script(s); run != nil {
		return []*actionlint.String{run}
	}
	var out []*actionlint.String
	for _, key := range scriptInputs[actionName(s)] {
		if in := input(s, key); in != nil {
			out = append(out, in)
		}
	}
	return out
}

// scriptInjection reports text of others that becomes a part of a script before
// the shell reads it.
func scriptInjection(w workflow) []report.Finding {
	var out []report.Finding
	said := map[string]bool{} // of low severity: once in a job
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		for _, text := range scripts(s) {
			for _, p := range placeholders(text.Value) {
				t := worst(scope{workflow: w, job: j, step: s}.tainted(p.node))
				once := value(j.ID) + " " + t.name
				if t.name == "" || t.severity == report.Low && said[once] {
					continue
				}
				said[once] = true
				f := report.Finding{
					Rule: "script-injection", Severity: w.exposed(t.severity, j, s), At: w.within(text, p.offset),
					Message: fmt.Sprintf("%s becomes a part of the script: %s chooses its text, and so what runs", through(p.text, t.name), t.who),
					Fix:     injectionFix(s, p.text, t.name),
				}
				if !slices.ContainsFunc(out, func(o report.Finding) bool { return o.Message == f.Message && o.At == f.At }) {
					out = append(out, f)
				}
			}
		}
	})
	return out
}

func (w workflow) steps(do func(*actionlint.Job, *actionlint.Step)) {
	for _, j := range w.jobs() {
		for _, s := range j.Steps {
			do(j, s)
		}
	}
}

// exposed lowers the severity where conditions keep out everybody who is outside.
func (w workflow) exposed(sev report.Severity, j *actionlint.Job, s *actionlint.Step) report.Severity {
	_, reusable := w.FindWorkflowCallEvent()
	declared := slices.ContainsFunc(w.On, func(e actionlint.Event) bool {
		_, outside := outsideEvents[e.EventName()]
		return outside
	})
	if sev == report.High && declared && !reusable && len(w.outsiders(j, s)) == 0 {
		return report.Medium
	}
	return sev
}

func worst(all []taint) taint {
	var out taint
	for _, t := range all {
		if out.name == "" || !out.severity.AtLeast(t.severity) {
			out = t
		}
	}
	return out
}

// through names an expression, and what is behind it when that is another.
func through(text, name string) string {
	text = short(oneLine(text))
	if strings.Contains(strings.ToLower(text), strings.ToLower(name)) {
		return text
	}
	return text + ", which is " + name + ","
}

func short(s string) string {
	const most = 120
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

func injectionFix(s *actionlint.Step, text, name string) string {
	parts := strings.Split(strings.TrimRight(name, ".*"), ".")
	variable := strings.ToUpper(notName.ReplaceAllString(parts[len(parts)-1], "_"))
	use := fmt.Sprintf(`"$%s" in the script, in quotes`, variable)
	if actionName(s) == "actions/github-script" {
		use = fmt.Sprintf("process.env.%s in the script", variable)
	}
	return fmt.Sprintf("env: {%s: %q} at the step, and %s", variable, short(oneLine(text)), use)
}

var (
	randomDelimiter = regexp.MustCompile(`<<-?["']?\$|<<[^\n]*(?:uuidgen|openssl|RANDOM)`)
	commentLine     = regexp.MustCompile(`^\s*(?:#|//)`)
)

// envFileInjection reports text of others in a file that the runner reads: a line
// break in it sets any variable, and through them what later steps run.
func envFileInjection(w workflow) []report.Finding {
	var out []report.Finding
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		run := script(s)
		if run == nil || randomDelimiter.MatchString(run.Value) {
			return
		}
		offset := 0
		for line := range strings.Lines(run.Value) {
			start := offset
			offset += len(line)
			m := toFile.FindStringSubmatch(line)
			if m == nil || commentLine.MatchString(line) {
				continue
			}
			t := worst(scope{workflow: w, job: j, step: s}.line(line))
			sev := fileSeverity(m[1], t)
			if sev == "" {
				continue
			}
			out = append(out, report.Finding{
				Rule: "env-file-injection", Severity: w.exposed(sev, j, s), At: w.within(run, start),
				Message: fmt.Sprintf("%s is written to GITHUB_%s: %s chooses the text, and with it what later steps see", t.name, m[1], t.who),
				Fix:     fmt.Sprintf("do not pass %s on in a file: give each step that needs it env: with the expression, or write it between delimiters nobody can guess, DELIM=$(uuidgen)", t.name),
			})
		}
	})
	return out
}

// fileSeverity is "" for what does no harm: a name without a line break stays in
// its variable.
func fileSeverity(file string, t taint) report.Severity {
	switch {
	case t.severity != report.High:
		return ""
	case file == "PATH" || file == "ENV" && !t.oneLine:
		return report.High
	case file == "OUTPUT" && t.oneLine:
		return ""
	case file == "ENV":
		return report.Low
	}
	return report.Medium
}
