package path

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

// TestActionContract holds each action.yml to the command it starts. That of
// security-gate is held by its own package.
func TestActionContract(t *testing.T) {
	for _, name := range commandtest.Actions {
		if name != "security-gate" {
			t.Run(name, func(t *testing.T) { commandtest.CheckAction(t, New, name) })
		}
	}
}

// frozen are the outputs of each action. Workflows of others read them: a name
// may be added, none may change.
var frozen = map[string][]string{
	"preview-up":    {"verdict", "reason", "report", "url", "digest", "environment", "expires", "cost-per-hour", "prepare", "generation", "log"},
	"preview-down":  {"verdict", "reason", "report", "cost", "removed", "count"},
	"security-gate": {"verdict", "reason", "report", "blocking", "new", "known", "disclosed", "waived", "sarif", "sbom", "vex"},
	"scorecard":     {"verdict", "reason", "report", "tests", "failed"},
	"promote":       {"verdict", "reason", "report", "digest", "release", "url", "rollback", "restored-in", "log"},
	"setup":         {"verdict", "reason"},
}

func TestOutputsAreFrozen(t *testing.T) {
	for _, name := range commandtest.Actions {
		out := commandtest.ReadAction(t, name).Outputs
		if diff := cmp.Diff(frozen[name], out.Keys); diff != "" {
			t.Errorf("%s: frozen (-) and declared (+) outputs differ:\n%s", name, diff)
		}
		for _, key := range out.Keys {
			if out.Values[key].Description == "" {
				t.Errorf("%s: output %s has no description", name, key)
			}
		}
	}
}

// TestOutputsAreSet holds the outputs to the code: what the packages behind the
// actions set is declared, and what is declared is set.
func TestOutputsAreSet(t *testing.T) {
	for _, tt := range []struct {
		dir     string
		actions []string
	}{
		{"internal/preview", []string{"preview-up", "preview-down"}},
		{"internal/gate", []string{"security-gate"}},
		{"internal/scorecard", []string{"scorecard"}},
		{"internal/release", []string{"promote"}},
	} {
		declared := map[string]bool{}
		for _, name := range commandtest.Sets(t, "internal/command") {
			declared[name] = true
		}
		for _, action := range tt.actions {
			for _, name := range frozen[action] {
				declared[name] = true
			}
		}
		set := slices.Concat([]string{"verdict", "reason"}, // every report derives them
			commandtest.Sets(t, tt.dir), commandtest.Sets(t, "internal/command"))
		if tt.dir == "internal/gate" { // its command writes files
			set = append(set, commandtest.Sets(t, "internal/command/gate")...)
		}
		slices.Sort(set)
		if diff := cmp.Diff(slices.Compact(set), slices.Sorted(maps.Keys(declared))); diff != "" {
			t.Errorf("%s: set (-) and declared (+) outputs differ:\n%s", tt.dir, diff)
		}
	}
}

// TestRootAction: the root action is the scorecard, with another branding.
func TestRootAction(t *testing.T) {
	differs := regexp.MustCompile(`(?m)^(branding:\n(  .*\n)+|  image: .*\n)`)
	root, card := commandtest.Read(t, "action.yml"), commandtest.Read(t, "actions/scorecard/action.yml")
	if diff := cmp.Diff(differs.ReplaceAllString(card, ""), differs.ReplaceAllString(root, "")); diff != "" {
		t.Errorf("actions/scorecard/action.yml (-) and action.yml (+) differ:\n%s", diff)
	}
	// On the branch of a release it is the image that was built from it.
	if !regexp.MustCompile(`\n  image: (Dockerfile|docker://\S+/goldenpath:v\S+@sha256:[0-9a-f]{64})\n`).MatchString(root) {
		t.Error("action.yml does not start the image of the root Dockerfile")
	}
}

// TestREADME: the tables of an action's README are those of its action.yml.
func TestREADME(t *testing.T) {
	for _, name := range commandtest.Actions {
		t.Run(name, func(t *testing.T) { commandtest.CheckREADME(t, name, *update) })
	}
}

// TestReference: the tables of docs/workflows.md are generated from the workflows.
func TestReference(t *testing.T) { commandtest.CheckReference(t, *update) }

func TestWorkflows(t *testing.T) {
	for _, w := range commandtest.Workflows(t, ".github/workflows") {
		t.Run(w.File, func(t *testing.T) {
			commandtest.CheckWorkflow(t, w)
			commandtest.CheckCalls(t, w)
			commandtest.CheckCredentials(t, w)
			private := strings.HasPrefix(w.File, ".github/workflows/.")
			if private == (w.On.Call != nil) {
				t.Error("a workflow that others call has no dot before its name, and a private one has")
			}
		})
	}
}

// starterLines is how long a file that a team copies may be (GP-PATH-1).
const starterLines = 30

func TestStarters(t *testing.T) {
	for _, w := range commandtest.Workflows(t, "workflows") {
		t.Run(w.File, func(t *testing.T) {
			commandtest.CheckWorkflow(t, w)
			commandtest.CheckCalls(t, w)
			if n := strings.Count(w.Text, "\n"); n > starterLines {
				t.Errorf("%d lines, want at most %d", n, starterLines)
			}
		})
	}
}

// TestDockerfiles: both are built as GitHub's runner and a pin require.
func TestDockerfiles(t *testing.T) {
	base := regexp.MustCompile(`(?m)^ARG [A-Z]+_IMAGE=[a-z./-]+:[\w.-]+@sha256:[0-9a-f]{64}$`)
	from := regexp.MustCompile(`(?m)^FROM (.*)$`)
	var bases [][]string
	for name, binary := range map[string]string{"Dockerfile": "goldenpath", "Dockerfile.security-gate": "security-gate"} {
		text := commandtest.Read(t, name)
		bases = append(bases, base.FindAllString(text, -1))
		froms := from.FindAllStringSubmatch(text, -1)
		if len(froms) != 2 || froms[0][1] != "--platform=${BUILDPLATFORM} ${GO_IMAGE} AS build" || froms[1][1] != "${BASE_IMAGE}" {
			t.Errorf("%s: stages %q, want one that builds and one that stays, both from pinned arguments", name, froms)
		}
		final := text[strings.LastIndex(text, "\nFROM "):]
		// RUN would need an emulator where the image is for another platform.
		for _, instruction := range []string{"\nUSER ", "\nWORKDIR ", "\nCMD ", "\nRUN "} {
			if strings.Contains(final, instruction) {
				t.Errorf("%s: an action's image has no %s", name, strings.TrimSpace(instruction))
			}
		}
		if want := "\nENTRYPOINT [\"/usr/local/bin/" + binary + "\"]\n"; !strings.HasSuffix(final, want) {
			t.Errorf("%s does not end with %s", name, strings.TrimSpace(want))
		}
	}
	if len(bases[0]) != 2 || !slices.Equal(bases[0], bases[1]) {
		t.Errorf("the two images are built from %q and %q, want the same two, by digest", bases[0], bases[1])
	}
}

// TestGoIsOne: what a release builds, what the images build and what the sample app builds
// use one release of Go, so that the gate judges the standard library that really runs.
func TestGoIsOne(t *testing.T) {
	image := regexp.MustCompile(`(?m)^ARG GO_IMAGE=golang:([\d.]+)-`).FindStringSubmatch(commandtest.Read(t, "Dockerfile"))
	if image == nil {
		t.Fatal("Dockerfile names no release of Go")
	}
	for _, file := range []string{"go.mod", "testdata/where2eat/go.mod", "testdata/repos/hello/go.mod"} {
		if want := "\ntoolchain go" + image[1] + "\n"; !strings.Contains(commandtest.Read(t, file), want) {
			t.Errorf("%s: want the line %q, the Go of the images", file, strings.TrimSpace(want))
		}
	}
}
