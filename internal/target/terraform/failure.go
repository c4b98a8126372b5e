package terraform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// shown is how many problems of a run are reported, and textMax their maximum length.
const (
	shown   = 3
	textMax = 400
)

// Failed is the error for a Terraform command that did not succeed.
type Failed struct {
	Step     string   // "terraform apply"
	Problems []string // file:line address: what, a line each, without secret values
	More     int      // further problems
	stale    bool
}

func (f *Failed) Error() string {
	msg := f.Step + ": " + strings.Join(f.Problems, "; ")
	if f.More > 0 {
		msg += fmt.Sprintf("; and %d more", f.More)
	}
	return msg
}

// failed converts problems into a *Locked error if one of them is a state lock,
// otherwise into a *Failed error.
func (s *session) failed(command string, problems []problem) error {
	for _, p := range problems {
		if l := readLock(p.Summary + "\n" + p.Detail); l != nil {
			l.Workspace, l.now = s.workspace, s.t.now()
			l.Remedy = fmt.Sprintf("cd %s && %s && %s workspace select %s && %s force-unlock %s", s.t.shown(), s.initCommand(), s.product, s.workspace, s.product, or(l.ID, "LOCK-ID"))
			return l
		}
	}
	f := &Failed{Step: s.product + " " + command, More: max(0, len(problems)-shown)}
	for _, p := range problems[:min(len(problems), shown)] {
		f.Problems = append(f.Problems, s.tell(p))
		f.stale = f.stale || strings.HasPrefix(p.Summary, "Saved plan is stale")
	}
	return f
}

// initCommand returns the command that opens the backend in a fresh checkout.
func (s *session) initCommand() string {
	command := s.product + " init"
	for _, setting := range Settings(s.t.Backend) {
		command += " -backend-config='" + strings.ReplaceAll(setting, "'", `'\''`) + "'"
	}
	return command
}

// explain converts an error of terraform-exec.
func (s *session) explain(ctx context.Context, command string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s was interrupted: %w", s.product, command, context.Cause(ctx))
	}
	problems := readProblems(err.Error())
	if len(problems) == 0 {
		problems = []problem{{Summary: err.Error()}}
	}
	return s.failed(command, problems)
}

func (s *session) tell(p problem) string {
	detail, rule, _ := strings.Cut(p.Detail, "This was checked by the validation rule at ")
	if filepath.IsAbs(p.File) { // the temporary file of variables
		p.File = ""
		if i := strings.IndexByte(rule, ':'); i > 0 {
			p.File = rule[:i]
			_, _ = fmt.Sscanf(rule[i:], ":%d,", &p.Line)
		}
	}
	var where string
	if p.File != "" {
		where = fmt.Sprintf("%s:%d ", filepath.Join(s.t.shown(), plain(p.File, 200)), p.Line)
	}
	text := p.Summary
	if strings.TrimSpace(detail) != "" {
		text += ": " + detail
	}
	if p.Address != "" {
		text = p.Address + ": " + text
	}
	return where + s.clean(text)
}

// clean removes secret values and control characters from a text, and shortens it.
func (s *session) clean(text string) string {
	for _, v := range s.hidden {
		text = strings.ReplaceAll(text, v, "***")
	}
	return plain(text, textMax)
}

// plain returns text on one line, without control and format characters, of at most max
// bytes.
func plain(text string, max int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
	if len(text) > max {
		text = strings.ToValidUTF8(text[:max], "") + "…"
	}
	return text
}

// hide registers a value that no message may contain, together with its JSON form and
// each of its lines.
func (s *session) hide(value string) {
	quoted, _ := json.Marshal(value)
	for _, v := range append(strings.Split(value, "\n"), value, strings.Trim(string(quoted), `"`)) {
		// A shorter value occurs in any text.
		if v = strings.TrimSpace(v); len(v) >= 4 && !slices.Contains(s.hidden, v) {
			s.hidden = append(s.hidden, v)
		}
	}
	slices.SortFunc(s.hidden, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}
