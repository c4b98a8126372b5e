package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// scriptInputs lists the inputs of actions that run as a script or a command.
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
	"8398a7/action-slack":                    {"custom_payload"},
	"devorbitus/yq-action-output":            {"cmd"},
	"sergeysova/jq-action":                   {"cmd"},
	"gautamkrishnar/blog-post-workflow":      {"item_exec"},
	"skitionek/notify-microsoft-teams":       {"overwrite"},
	"tibdex/backport":                        {"title_template", "body_template", "head_template", "labels_template"}, // JavaScript inside <% %>
}

// scripts returns what a shell or an interpreter runs in a step.
func scripts(s *actionlint.Step) []*actionlint.String {
	if run := script(s); run != nil {
		if shell := s.Exec.(*actionlint.ExecRun).Shell; shell != nil {
			return []*actionlint.String{run, shell}
		}
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

// scriptInjection reports untrusted input that is expanded inside a script before the
// shell reads it.
func scriptInjection(w *File) []report.Finding {
	var out []report.Finding
	reported := map[string]bool{} // low severity is reported once per job
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		for _, text := range scripts(s) {
			for _, p := range placeholders(text.Value) {
				t := worst(scope{File: w, job: j, step: s}.tainted(p.node))
				once := value(j.ID) + " " + t.name
				if t.name == "" || t.severity == report.Low && !t.outsider() && reported[once] {
					continue
				}
				reported[once] = true
				f := report.Finding{
					Rule: "script-injection", Severity: w.exposed(t.severity, t.name, j, s), At: w.within(text, p.offset),
					Message: fmt.Sprintf("%s is expanded inside the script: %s can write its text, and so choose what runs", through(p.text, t.name), t.who),
					Fix:     injectionFix(s, p.text, t.name),
				}
				if !slices.ContainsFunc(out, func(o report.Finding) bool { return o.Message == f.Message && o.At == f.At }) {
					out = append(out, f)
				}
			}
		}
	})
	return append(out, w.containerInjection()...)
}

// containerInjection reports untrusted input that chooses the image of a job or the
// options of docker create, such as a volume of the host.
func (w *File) containerInjection() []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		for _, c := range containers(j) {
			for key, text := range map[string]*actionlint.String{"image": c.Image, "options": c.Options} {
				for _, p := range placeholders(value(text)) {
					t := worst(scope{File: w, job: j}.tainted(p.node))
					if t.severity != report.High {
						continue
					}
					out = append(out, report.Finding{
						Rule: "script-injection", Severity: w.exposed(t.severity, t.name, j, nil), At: w.within(text, p.offset),
						Message: fmt.Sprintf("%s becomes part of %s of %s: %s can write its text, and so choose what runs", through(p.text, t.name), key, c.what, t.who),
						Fix:     "choose among fixed values, and do not pass text of outsiders",
					})
				}
			}
		}
	}
	return out
}

func (w *File) steps(do func(*actionlint.Job, *actionlint.Step)) {
	for _, j := range w.jobs() {
		for _, s := range j.Steps {
			do(j, s)
		}
	}
}

// exposed returns the severity of a text, lowered if conditions exclude the outsider who
// wrote it.
func (w *File) exposed(sev report.Severity, name string, j *actionlint.Job, s *actionlint.Step) report.Severity {
	if sev != report.High || w.published() {
		return sev
	}
	declared := false
	for _, p := range w.ways() {
		root := w
		for c := p; c != nil; c = c.from {
			root = c.File
		}
		declared = declared || slices.ContainsFunc(root.On, func(e actionlint.Event) bool { return started(e.EventName()) != "" })
		if len(w.events(j, s, p, runsWith(name))) > 0 {
			return sev
		}
	}
	if declared {
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

// through returns the expression and, if its text does not name the context, the
// context that it reads.
func through(text, name string) string {
	text = short(text)
	if strings.Contains(strings.ToLower(text), strings.ToLower(name)) {
		return text
	}
	return text + " (" + name + ")"
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

func injectionFix(s *actionlint.Step, text, name string) string {
	parts := strings.Split(strings.TrimRight(name, ".*"), ".")
	variable := strings.ToUpper(notName.ReplaceAllString(parts[len(parts)-1], "_"))
	use := fmt.Sprintf(`use "$%s", quoted, in the script`, variable)
	if actionName(s) == "actions/github-script" {
		use = fmt.Sprintf("use process.env.%s in the script", variable)
	}
	return fmt.Sprintf("set env: {%s: %q} in the step, and %s", variable, short(text), use)
}

var (
	randomDelimiter = regexp.MustCompile(`<<-?["']?\$|<<[^\n]*(?:uuidgen|openssl|RANDOM)`)
	commentLine     = regexp.MustCompile(`^\s*(?:#|//)`)
)

// envFileInjection reports untrusted input that is written to a file the runner reads,
// such as GITHUB_ENV. A line break in the input sets any variable, which can change
// what later steps run.
func envFileInjection(w *File) []report.Finding {
	var out []report.Finding
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		run := script(s)
		if run == nil || randomDelimiter.MatchString(run.Value) {
			return
		}
		for _, written := range (scope{File: w, job: j, step: s}).writes(run.Value) {
			sev := fileSeverity(written.file, written.taint)
			if sev == "" {
				continue
			}
			t := written.taint
			out = append(out, report.Finding{
				Rule: "env-file-injection", Severity: w.exposed(sev, t.name, j, s), At: w.within(run, written.offset),
				Message: fmt.Sprintf("%s is written to GITHUB_%s: %s can write its text, and so set variables of later steps", t.name, written.file, t.who),
				Fix:     fmt.Sprintf("set env: with %s in each step that needs it, or write it with a random delimiter: DELIM=$(uuidgen)", t.name),
			})
		}
	})
	return out
}

// fileSeverity returns the severity of untrusted text in such a file. It returns "" for
// text without line breaks, which cannot leave its variable.
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
