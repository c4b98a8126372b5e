package actionlint

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
)

// newer counts the adaptations for syntax that GitHub accepts and actionlint does not
// know yet. The report states both numbers.
type newer struct {
	translated int // values that were rewritten in actionlint's copy of a workflow
	dropped    int // false messages
}

// falseAlarms match messages about syntax that GitHub accepts (rhysd/actionlint#711,
// #705 and #693, and the schema of github.com/actions/languageservices). Remove a
// pattern when a release of actionlint knows its syntax.
var falseAlarms = []*regexp.Regexp{
	regexp.MustCompile(`^property "workflow_(ref|sha|repository|file_path)" is not defined in object type \{check_run_id: `),
	regexp.MustCompile(`^unexpected key "(cache-mode|queue)" for `),
	regexp.MustCompile(`^unexpected key "background" for step `),
	regexp.MustCompile(`^unexpected key "cancel-timeout-minutes" for "job" section`),
	regexp.MustCompile(`^unexpected key "description" for "workflow" section`),
	regexp.MustCompile(`^unexpected key "(command|entrypoint)" for "services" section`),
	// matrix.* filters the values, whatever their types are.
	regexp.MustCompile(`^object type .* cannot be filtered by object filtering`),
	// The runner accepts any file name that starts with "Dockerfile.".
	regexp.MustCompile(`referenced from "image" key must be named "Dockerfile"`),
	regexp.MustCompile(`^unknown permission scope "(vulnerability-alerts|code-quality|artifact-metadata|models|copilot-requests|drives)"`),
	regexp.MustCompile(`^label "(ubuntu-26\.04(-arm)?|ubuntu-(24|26)\.04-firewall)" is unknown`),
	// GitHub runs an action of an old Node with a newer one.
	regexp.MustCompile(`^the runner of ".*" action is too old to run on GitHub Actions`),
	// GitHub takes 0 as no limit.
	regexp.MustCompile(`^value at "max-parallel" must be greater than zero: 0`),
	// Events of classic projects and of pull request comments never occur now, and GitHub
	// accepts their names.
	regexp.MustCompile(`^unknown Webhook event "(project|project_card|project_column|pull_request_comment)"`),
}

func (n *newer) falseAlarm(f *workflow.File, e *actionlint.Error) bool {
	is := slices.ContainsFunc(falseAlarms, func(r *regexp.Regexp) bool { return r.MatchString(e.Message) }) ||
		strings.HasPrefix(e.Message, `step must run script with "run" section`) && f.Control(e.Line, e.Column)
	if is {
		n.dropped++
	}
	return is
}

// note describes what was changed for actionlint and which warnings were dropped. It
// returns "" if there were neither changes nor dropped warnings.
func (l *linter) note() string {
	var parts, all []string
	if n := l.newer.translated; n > 0 {
		parts = append(parts, english.Plural(n, "use", "")+" translated")
	}
	if n := l.newer.dropped; n > 0 {
		parts = append(parts, english.Plural(n, "message", "")+" dropped")
	}
	if len(parts) > 0 {
		all = append(all, "newer syntax: "+strings.Join(parts, ", "))
	}
	if n := l.compared; n > 0 {
		all = append(all, english.Plural(n, "warning", "")+" about text that is only compared dropped")
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

// jobProperty matches properties of the job context that actionlint does not know.
// Dropping the message about such a property is not enough: actionlint stops checking a
// script at its first error.
var jobProperty = regexp.MustCompile(`(?i)(^|[^\w.-])job\.workflow_(?:ref|sha|repository|file_path)\b`)

// portNumber matches the port of a service by a number, which GitHub takes as a key.
var portNumber = regexp.MustCompile(`(?i)(\bjob\.services\.[\w-]+\.ports)\[(\d+)\]`)

// adapted returns a copy of the workflow without the syntax that actionlint does not
// know and the references that actionlint must not open. Lines and columns stay the
// same.
func (l *linter) adapted(f *workflow.File) *actionlint.Workflow {
	edit := func(field string, s *actionlint.String) {
		if field == "Uses" {
			l.reference(f, s)
			return
		}
		s.Value = jobProperty.ReplaceAllStringFunc(s.Value, func(m string) string {
			l.newer.translated++
			start := strings.Index(strings.ToLower(m), "job.") + len("job.")
			return m[:start] + fmt.Sprintf("%-*s", len(m)-start, "status")
		})
		s.Value = portNumber.ReplaceAllStringFunc(s.Value, func(m string) string {
			l.newer.translated++
			return portNumber.ReplaceAllString(m, "$1.p$2")
		})
	}
	return clone(reflect.ValueOf(f.Workflow), "", edit).Interface().(*actionlint.Workflow)
}

// clone copies a syntax tree and calls edit with every string of the copy and the name
// of the field that contains the string. The copy shares the values of a matrix with
// the original, because they are not of type *actionlint.String.
func clone(v reflect.Value, field string, edit func(string, *actionlint.String)) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(clone(v.Elem(), field, edit))
		if s, ok := out.Interface().(*actionlint.String); ok {
			edit(field, s)
		}
		return out
	case reflect.Interface:
		if v.IsNil() || v.Type() == reflect.TypeFor[actionlint.RawYAMLValue]() {
			return v
		}
		return clone(v.Elem(), field, edit)
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				out.Field(i).Set(clone(v.Field(i), f.Name, edit))
			}
		}
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(clone(v.Index(i), field, edit))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), clone(it.Value(), field, edit))
		}
		return out
	}
	return v
}
