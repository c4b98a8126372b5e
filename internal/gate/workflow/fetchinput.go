package workflow

import (
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// matrixForeign is foreign for a value of the job's matrix: the worst of its values.
func (c scope) matrixForeign(r read) report.Severity {
	if len(r.path) < 2 || c.job == nil || c.job.Strategy == nil || c.job.Strategy.Matrix == nil {
		return ""
	}
	var all []string
	m := c.job.Strategy.Matrix
	if row := m.Rows[r.path[1]]; row != nil {
		all = append(all, value(row.Expression))
		for _, v := range row.Values {
			all = append(all, rawStrings(v)...)
		}
	}
	if m.Include != nil {
		for _, combination := range m.Include.Combinations {
			if a := combination.Assigns[r.path[1]]; a != nil {
				all = append(all, rawStrings(a.Value)...)
			}
		}
	}
	return c.foreign(strings.Join(all, " "))
}

// codeInput returns where an action that is not a checkout itself takes code of a pull
// request: as the context of an image, by running a checkout, or by a script.
func (c scope) codeInput() (report.Location, report.Severity) {
	for _, key := range []string{"context", "source", "build-contexts", "workdir"} {
		in := input(c.step, key)
		if text := value(in); (strings.Contains(text, "://") || strings.Contains(text, ".git")) && (c.codeOf(text) == report.High || c.forkOf(text)) {
			return c.within(in, 0), c.guarded(report.High, text)
		}
	}
	if in := input(c.step, "with"); in != nil && strings.Contains(value(input(c.step, "action")), "/checkout") {
		if sev := c.foreign(in.Value); sev != "" {
			return c.within(in, 0), c.guarded(sev, in.Value)
		}
	}
	if actionName(c.step) != "actions/github-script" {
		return report.Location{}, ""
	}
	in := input(c.step, "script")
	s := c.newShell(value(in))
	for _, m := range execCall.FindAllStringSubmatchIndex(s.script, -1) {
		s.fixed = m[0]
		if text, ok := s.parsable(jsCommand(s.script, m)); ok {
			s.source(text)
		}
	}
	at, sev := s.takesCode()
	if sev == "" {
		return report.Location{}, ""
	}
	return c.within(in, at), c.guarded(sev, "")
}

var (
	execCall = regexp.MustCompile(`\b(?:exec\w*|getExecOutput|spawn\w*)\s*\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|` + "`([^`]*)`" + `)(?:\s*\+\s*([\w.]+)|\s*,\s*\[([^\]]*)\])?`)
	jsInside = regexp.MustCompile(`\$\{([^}]*)\}`)
)

// jsCommand returns the command that a call such as exec('git', ['fetch', ref]) runs, as
// a script of the shell.
func jsCommand(script string, m []int) string {
	part := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return script[m[2*i]:m[2*i+1]]
	}
	inside := func(text string) string {
		return jsInside.ReplaceAllStringFunc(text, func(x string) string { return jsValue(script, x[2:len(x)-1]) })
	}
	out := part(1) + part(2) + inside(part(3))
	if sum := part(4); sum != "" {
		out += jsValue(script, sum)
	}
	for _, arg := range strings.Split(part(5), ",") {
		arg = strings.TrimSpace(arg)
		if arg == "" {
			continue
		}
		if quote := arg[:1]; strings.Contains("'\"`", quote) && len(arg) > 1 {
			arg = inside(strings.Trim(arg, quote))
		} else {
			arg = jsValue(script, arg)
		}
		out += ` "` + arg + `"`
	}
	return out
}

// jsValue returns an expression of JavaScript as the shell would write its value.
func jsValue(script, text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "?.", "."))
	if m := regexp.MustCompile(`(?m)\b(?:const|let|var)\s+` + regexp.QuoteMeta(text) + `\s*=\s*(.+?);?\s*$`).FindStringSubmatch(script); m != nil {
		text = strings.TrimSpace(strings.ReplaceAll(m[1], "?.", "."))
	}
	if rest, ok := strings.CutPrefix(text, "context.payload."); ok && contextOnly.MatchString(rest) {
		return "${{ github.event." + rest + " }}"
	}
	if rest, ok := strings.CutPrefix(text, "process.env."); ok && contextOnly.MatchString(rest) {
		return "${" + rest + "}"
	}
	if strings.ContainsAny(text, "\"'`$\\") {
		return strings.Trim(inQuotes.FindString(text), "\"'`")
	}
	return "$(js " + notShellWord.ReplaceAllString(text, "") + ")"
}

var (
	contextOnly  = regexp.MustCompile(`^[\w.]+$`)
	inQuotes     = regexp.MustCompile("^[\"'`][^\"'`$\\\\]*[\"'`]$")
	notShellWord = regexp.MustCompile(`[^\w.]`)
)
