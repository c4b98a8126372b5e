//go:build e2e

package container

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// reasons are the results of the actions, which untrusted input must not change. The
// SARIF file of the other tool has one error, so the gate blocks.
var reasons = map[string]string{
	"preview-up": "0 ready", "security-gate": "1 findings", "scorecard": "1 dimension-failed", "promote": "0 soaked", "preview-down": "0 removed",
}

// order is that of a workflow: the scorecard reads the gate's report.
var order = []string{"preview-up", "security-gate", "scorecard", "promote", "preview-down"}

// markers are the HTML comments in our comment on a pull request, each exactly once.
// The last two continue with JSON.
var markers = []string{
	" goldenpath: pr-12 ", " goldenpath-section: overview ", " goldenpath-end: overview ", " goldenpath-section: preview ", " goldenpath-end: preview ",
	` goldenpath-data: {"section":"overview",`, ` goldenpath-data: {"section":"preview",`,
}

// TestHostile proves GP-SAFE-2 and GP-SAFE-3: untrusted input in a pull request stays
// text, in every action and in every output.
func TestHostile(t *testing.T) {
	if len(events) < 40 {
		t.Errorf("%d events", len(events))
	}
	for _, e := range append([]hostile{{"nothing hostile", "a change"}}, events...) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			e.through(t, newStage(t, false))
		})
	}
}

// TestHostileInContainers runs a few of the inputs in containers, as GitHub does.
func TestHostileInContainers(t *testing.T) {
	for _, e := range events {
		if slices.Contains([]string{"shell substitution", "commands behind blanks", "delimiter of go-githubactions", "markers of a comment", "nothing, and what turns text around"}, e.name) {
			t.Run(e.name, func(t *testing.T) { e.through(t, newStage(t, true)) })
		}
	}
}

// through runs all actions.
func (e hostile) through(t *testing.T, s *stage) {
	canary := filepath.Join(filepath.Dir(s.Temp), "canary")
	text := strings.ReplaceAll(e.text, "{C}", canary)
	s.poison(text)
	secrets := len(s.Secrets)
	for _, action := range order {
		with := s.with(action)
		switch action {
		case "security-gate":
			with["import-sarif"] = "reports/hostile.sarif"
		case "scorecard":
			// As in the workflows, with the runner's path.
			with["gate-report"] = filepath.Join(s.Temp, "goldenpath", "security-gate.json")
		}
		r := s.run(s.step(action, with))
		if got := fmt.Sprint(r.Exit, " ", r.Outputs["reason"]); got != reasons[action] {
			t.Errorf("%s: exit and reason %s, want %s\n%s", action, got, reasons[action], r.Said)
		}
		for _, problem := range strange(commandtest.ReadAction(t, action).Outputs.Keys, r) {
			t.Errorf("%s: %s", action, problem)
		}
		if len(s.Secrets) != secrets {
			t.Errorf("%s: untrusted input masks %q", action, s.Secrets[secrets:])
		}
		for _, problem := range active(t, r.Summary, nil) {
			t.Errorf("%s: summary: %s", action, problem)
		}
		if action == "preview-up" && len(s.hub.Comments(12)) != 1 {
			t.Errorf("%d comments", len(s.hub.Comments(12)))
		}
	}
	for _, c := range s.hub.Comments(12) {
		for _, problem := range active(t, c.Body, markers) {
			t.Errorf("comment: %s", problem)
		}
	}
	checkFiles(t, filepath.Dir(s.Temp), canary)
	if !s.image {
		s.sh("bash", "-c", `cd "$1" && GITHUB_ACTIONS= "$2"/bin/goldenpath down`, "bash", s.Workspace, top(t))
	}
}

// poison puts the text into every field that an outsider controls.
func (s *stage) poison(text string) {
	s.t.Helper()
	printable := strings.ReplaceAll(text, "\x00", "")
	short := printable[:min(200, len(printable))]
	name := strings.NewReplacer("/", "_", "\n", "_", "\r", "_").Replace(strings.ToValidUTF8(short, "_"))
	for strings.HasPrefix(name, ".") || strings.Trim(name, " ") == "" {
		name = "_" + name
	}
	files := map[string]string{
		"files/" + name + ".md":            text,
		"files/" + name + "/Dockerfile":    "FROM scratch\nLABEL a=" + strings.ReplaceAll(printable, "\n", " ") + "\n",
		".github/workflows/hostile.yml":    "on: push\nname: " + quote(printable) + "\njobs:\n  a:\n    runs-on: " + quote(printable) + "\n    steps: [{run: " + quote(printable) + "}]\n",
		"docs/requirements/hostile.md":     "# HO-1 " + text,
		"CODEOWNERS":                       printable,
		".github/PULL_REQUEST_TEMPLATE.md": text,
	}
	for name, text := range files {
		s.write(name, text)
	}
	s.git("add", "--all", "--", "files", ".github", "docs", "CODEOWNERS")
	message := filepath.Join(s.Temp, "message")
	if err := os.WriteFile(message, []byte("HO-1: "+printable), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.git("commit", "--quiet", "--cleanup=verbatim", "--file", message)
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
	s.write("reports/hostile.xml", fmt.Sprintf(`<testsuite name="%[1]s"><testcase classname="%[1]s" name="%[1]s"><failure message="%[1]s">%[1]s</failure></testcase></testsuite>`, &escaped))
	s.write("reports/hostile.sarif", s.json(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{
		"tool": map[string]any{"driver": map[string]any{"name": text, "version": text, "informationUri": text, "rules": []any{map[string]any{"id": text, "helpUri": text, "shortDescription": map[string]any{"text": text}}}}},
		"results": []any{map[string]any{"ruleId": text, "level": "error", "message": map[string]any{"text": text, "markdown": text}, "locations": []any{map[string]any{
			"physicalLocation": map[string]any{"artifactLocation": map[string]any{"uri": text}, "region": map[string]any{"startLine": 1}},
		}}}},
	}}}))
	s.own()
	s.hub.SetPull(githubtest.Pull{
		Number: 12, Head: s.head, Branch: text, Author: text, Title: text, Body: text,
		Labels: []string{text, "preview-extend-" + text, "preview-pin" + text, "preview-ok-" + text},
	})
	person := map[string]any{"login": text, "email": text, "name": text}
	s.event(map[string]any{
		"sender": person, "commits": []any{map[string]any{"message": text, "author": person}}, "head_commit": map[string]any{"message": text},
		"pull_request": map[string]any{
			"number": 12, "title": text, "body": text, "user": person, "labels": []any{map[string]any{"name": text}},
			"head": map[string]any{"sha": s.head, "ref": text, "label": text}, "base": map[string]any{"sha": s.base, "ref": text, "label": text},
		},
	})
	for _, key := range []string{"head_ref", "base_ref", "ref_name", "actor", "triggering_actor", "workflow", "job"} {
		s.GitHub[key] = printable
	}
}

func quote(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "'", "''"), "\n", "\n\n    ") + "'"
}

func (s *stage) json(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// strange returns what a step printed or set because of untrusted input: anything other
// than the outputs of the action, commands that are not its own, and control characters
// for a terminal.
func strange(declared []string, r *Result) (found []string) {
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if len(r.Env)+len(r.State)+len(r.Path)+len(r.Complaints) > 0 {
		add("variables %v, state %v, path %v, complaints %q", r.Env, r.State, r.Path, r.Complaints)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Outputs)) {
		if !slices.Contains(declared, key) || strings.ContainsFunc(r.Outputs[key], unicode.IsControl) {
			add("output %s is %q", key, r.Outputs[key])
		}
	}
	for _, c := range r.Commands {
		ours := slices.Contains([]string{"error", "warning", "notice"}, c.Name) && c.Properties["title"] != ""
		if !ours || c.Properties["title"] == "forged" || strings.HasPrefix(c.Data, "forged") {
			add("a command in untrusted input: %+v", c)
		}
	}
	for line := range strings.Lines(r.Said) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool {
			return unicode.IsControl(c) || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069'
		}) {
			add("the log has control characters for a terminal: %q", line)
		}
	}
	return found
}

// checkFiles asserts that no command has created a file, and that the next step does
// not find one either.
func checkFiles(t *testing.T, dir, canary string) {
	t.Helper()
	if diff := cmp.Diff([]string(nil), named(t, dir, filepath.Base(canary))); diff != "" {
		t.Errorf("a command in untrusted input was run:\n%s", diff)
	}
}

func named(t *testing.T, dir, base string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.Name() == base {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestHostileIsFound tests the checks themselves: if the inputs are written out
// unescaped, one of the checks finds most of them. The others target a shell or a file.
func TestHostileIsFound(t *testing.T) {
	var missed []string
	for _, e := range events {
		r := &Result{Outputs: map[string]string{}, Env: map[string]string{}, State: map[string]string{}, Summary: e.text}
		l := &log{job: &Job{}, result: r}
		w := &lines{log: l}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
		w.end()
		if err := pairs(e.text, func(key, value string) error { r.Outputs[key] = value; return nil }); err != nil {
			r.complain("%v", err)
		}
		if len(strange(nil, &Result{Commands: r.Commands, Said: r.Said})) == 0 && len(active(t, e.text, nil)) == 0 && len(r.Outputs) == 0 {
			missed = append(missed, e.name)
		}
	}
	want := []string{
		"shell backquotes", "shell separators", "shell end of a single quote", "shell end of a double quote", "shell line break", "transport of git",
		"path that climbs", "YAML tags and anchors", "JSON",
	}
	if diff := cmp.Diff(want, missed); diff != "" {
		t.Errorf("not found by any check (-want +got):\n%s", diff)
	}
}
