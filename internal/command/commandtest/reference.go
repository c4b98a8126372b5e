package commandtest

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// callable are the reusable workflows, in the order of the path.
var callable = []string{
	"pull-request", "release", "pull-request-apps", "release-apps", "validate", "security", "test", "build", "package", "preview", "battery", "scorecard", "attest",
	"deploy-staging", "promote-production", "rollback", "sweep", "governance", "comment",
}

// CheckReference checks the generated parts of docs/workflows.md, or updates them.
func CheckReference(t *testing.T, update bool) {
	var names []string
	var all []Workflow
	for _, w := range Workflows(t, ".github/workflows") {
		if w.On.Call != nil {
			names = append(names, strings.TrimSuffix(filepath.Base(w.File), ".yml"))
		}
	}
	if missing := without(names, callable); len(missing)+len(without(callable, names)) > 0 {
		t.Fatalf("callable names %v, the folder has %v", callable, names)
	}
	for _, name := range callable {
		all = append(all, ReadWorkflow(t, ".github/workflows", name+".yml"))
	}
	parts := map[string]string{"jobs": jobsTable(t, all), "workflows": sections(t, all)}
	for _, name := range []string{"pull-request", "release"} {
		parts["picture "+name] = picture(t, ReadWorkflow(t, ".github/workflows", name+".yml"))
	}
	splice(t, []string{"docs", "workflows.md"}, parts, "go test ./internal/command/path -run Reference -update", update)
}

func without(all, some []string) (rest []string) {
	for _, one := range all {
		if !slices.Contains(some, one) {
			rest = append(rest, one)
		}
	}
	return rest
}

// splice checks the parts of a document between <!-- NAME --> and <!-- end -->, or
// updates them.
func splice(t *testing.T, path []string, parts map[string]string, command string, update bool) {
	t.Helper()
	have := Read(t, path...)
	want := have
	for name, text := range parts {
		begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no %s … %s", filepath.Join(path...), strings.TrimSpace(begin), end)
		}
		want = before + begin + text + end + after
	}
	if update && want != have {
		if err := os.WriteFile(filepath.Join(Root, filepath.Join(path...)), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != have {
		t.Errorf("%s does not match the files; run: %s", filepath.Join(path...), command)
	}
}

// sections describes each workflow: the comment at its top and its contract.
func sections(t *testing.T, all []Workflow) string {
	var b strings.Builder
	for _, w := range all {
		name := filepath.Base(w.File)
		fmt.Fprintf(&b, "\n### %s\n\n%s\nCalled by %s. ", name, heading(w.Text), callers(t, name))
		var grants []string
		for scope, l := range needs(t, w) {
			grants = append(grants, "`"+scope+": "+l+"`")
		}
		slices.Sort(grants)
		fmt.Fprintf(&b, "The calling job grants %s.\n\n", cmp.Or(strings.Join(grants, ", "), "nothing"))
		if len(w.On.Call.Inputs.Keys) > 0 {
			b.WriteString(inputsTable(Action{Inputs: w.On.Call.Inputs}) + "\n")
		}
		if len(w.On.Call.Secrets.Keys) > 0 {
			b.WriteString("| secret | what | |\n|---|---|---|\n")
			for _, key := range w.On.Call.Secrets.Keys {
				in := w.On.Call.Secrets.Values[key]
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, cell(in.Description), map[bool]string{true: "required", false: ""}[in.Required])
			}
			b.WriteString("\n")
		}
		b.WriteString(outputsTable(Action{Outputs: w.On.Call.Outputs}))
	}
	return b.String() + "\n"
}

// heading is the comment at the top of a file, without the sentence on permissions.
func heading(text string) string {
	var paragraphs []string
	for _, p := range strings.Split(strings.SplitN(text, "\nname: ", 2)[0], "\n#\n") {
		p = strings.Join(strings.Fields(strings.ReplaceAll("\n"+p, "\n# ", " ")), " ")
		p, _, _ = strings.Cut(p, "A caller grants ")
		if p = strings.TrimSpace(p); p != "" {
			paragraphs = append(paragraphs, p+"\n")
		}
	}
	return strings.Join(paragraphs, "\n")
}

// callers returns the workflows and starters that call a workflow, without the private
// ones of this repository.
func callers(t *testing.T, name string) string {
	found := map[string]bool{}
	for _, folder := range []string{".github/workflows", "workflows"} {
		for _, w := range Workflows(t, folder) {
			for _, j := range w.Jobs {
				if strings.HasPrefix(filepath.Base(w.File), ".") {
					continue
				}
				if m := called.FindStringSubmatch(j.Uses); m != nil && m[1] == name {
					base := filepath.Base(w.File)
					link := "[" + base + "](#" + strings.ReplaceAll(base, ".", "") + ")"
					if folder == "workflows" {
						link = "the starter [" + base + "](../workflows/" + base + ")"
					}
					found[link] = true
				}
			}
		}
	}
	return cmp.Or(strings.Join(slices.Sorted(maps.Keys(found)), ", "), "none of ours")
}

// jobsTable lists for each job what repository code it runs and which credentials it
// holds.
func jobsTable(t *testing.T, all []Workflow) string {
	var b strings.Builder
	b.WriteString("| job | runs repository code | holds |\n|---|---|---|\n")
	for _, w := range all {
		for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
			j := w.Jobs[name]
			if j.Uses != "" {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", jobOf(w, name), cmp.Or(strings.Join(runsCode(t, j), ", "), "nothing"),
				cmp.Or(strings.Join(credentials(t, w, name), ", "), "nothing"))
		}
	}
	return b.String()
}

// picture draws which job needs which: with doubled sides what runs code of the
// repository, with points what holds a credential.
func picture(t *testing.T, w Workflow) string {
	var nodes, edges strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		code, holds := len(runsCode(t, j)) > 0, len(credentials(t, w, name)) > 0
		if m := called.FindStringSubmatch(j.Uses); m != nil {
			callee := ReadWorkflow(t, ".github/workflows", m[1])
			for inner, one := range callee.Jobs {
				code, holds = code || len(runsCode(t, one)) > 0, holds || len(credentials(t, callee, inner)) > 0
			}
		}
		left, right := "(", ")"
		switch {
		case holds:
			left, right = "{{", "}}"
		case code:
			left, right = "[[", "]]"
		}
		fmt.Fprintf(&nodes, "  %s%s%s%s\n", name, left, name, right)
		for _, need := range j.Needs {
			fmt.Fprintf(&edges, "  %s --> %s\n", need, name)
		}
	}
	return "```mermaid\nflowchart LR\n" + nodes.String() + edges.String() + "```\n"
}
