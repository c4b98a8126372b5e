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
	"nick-fields/retry":                      {"command", "new_command_on_retry", "on_retry_command"},
	"nick-invision/retry":                    {"command", "new_command_on_retry", "on_retry_command"},
	"devcontainers/ci":                       {"runcmd"},
	"uraimo/run-on-arch-action":              {"run", "setup", "install", "dockerrunargs"},
	"cross-platform-actions/action":          {"run"},
	"garygrossgarten/github-action-ssh":      {"command"},
	"fifsky/ssh-action":                      {"command"},
	"coactions/setup-xvfb":                   {"run"},
	"gabrielbb/xvfb-action":                  {"run"},
	"kohlerdominik/docker-run-action":        {"run", "options"},
	"maus007/docker-run-action-fork":         {"run", "options"},
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
	name := actionName(s)
	keys := scriptInputs[name]
	switch {
	case strings.HasPrefix(name, "vmactions/"):
		keys = []string{"run", "prepare"}
	case strings.HasPrefix(name, "docker://"):
		for _, in := range []*actionlint.String{s.Exec.(*actionlint.ExecAction).Entrypoint, s.Exec.(*actionlint.ExecAction).Args} {
			if in != nil {
				out = append(out, in)
			}
		}
		keys = []string{"args", "entrypoint"} // of a step in an action
	}
	for _, key := range keys {
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
		out = append(out, w.evaluated(j, s)...)
	})
	return append(append(out, w.containerInjection()...), w.runnerInjection()...)
}

// evaluated reports a variable with untrusted text that the shell expands into what
// eval, bash -c or another interpreter runs.
func (w *File) evaluated(j *actionlint.Job, s *actionlint.Step) []report.Finding {
	var out []report.Finding
	if !mayEvaluate.MatchString(value(script(s))) {
		return nil
	}
	sh := (scope{File: w, job: j, step: s}).runShell()
	if sh == nil {
		return nil
	}
	for _, c := range sh.commands {
		t := worst(sh.evaluates(c))
		if t.severity != report.High {
			continue
		}
		out = append(out, report.Finding{
			Rule: "script-injection", Severity: w.exposed(t.severity, t.name, j, s), At: w.within(script(s), c.offset),
			Message: fmt.Sprintf("%s becomes part of what %s runs: %s can write its text, and so choose what runs", t.name, short(c.words[0]), t.who),
			Fix:     "pass the text as an argument, and do not put it into the script: bash -c 'printf %s \"$1\"' - \"$TEXT\"",
		})
	}
	return out
}

// runnerInjection reports untrusted input that chooses the runner of a job, which may be
// one with more rights.
func (w *File) runnerInjection() []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		if j.RunsOn == nil {
			continue
		}
		for _, text := range append([]*actionlint.String{j.RunsOn.LabelsExpr, j.RunsOn.Group}, j.RunsOn.Labels...) {
			for _, p := range placeholders(value(text)) {
				if t := worst(scope{File: w, job: j}.tainted(p.node)); t.severity == report.High {
					out = append(out, report.Finding{
						Rule: "script-injection", Severity: report.Medium, At: w.within(text, p.offset),
						Message: fmt.Sprintf("%s chooses the runner: %s can write its text", through(p.text, t.name), t.who),
						Fix:     "choose among fixed labels, and do not pass text of outsiders",
					})
				}
			}
		}
	}
	return out
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
		if actionName(s) == "actions/github-script" {
			run = input(s, "script")
		}
		if run == nil {
			return
		}
		at := map[int]int{} // place → finding, of which the worst is kept
		for _, written := range (scope{File: w, job: j, step: s}).writes(run.Value) {
			if written.guarded && written.file != "PATH" {
				continue
			}
			sev := fileSeverity(written.file, written.taint)
			if sev == "" {
				continue
			}
			t := written.taint
			f := report.Finding{
				Rule: "env-file-injection", Severity: w.exposed(sev, t.name, j, s), At: w.within(run, written.offset),
				Message: fmt.Sprintf("%s is written to GITHUB_%s: %s can write its text, and so set variables of later steps", t.name, written.file, t.who),
				Fix:     fmt.Sprintf("set env: with %s in each step that needs it, or write it with a random delimiter: DELIM=$(uuidgen)", t.name),
			}
			if i, ok := at[written.offset]; !ok {
				at[written.offset], out = len(out), append(out, f)
			} else if !out[i].Severity.AtLeast(f.Severity) {
				out[i] = f
			}
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
