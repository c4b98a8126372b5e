package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testImages = map[string]string{
	"goldenpath":    "ghcr.io/acme/goldenpath:v0.1.0@sha256:" + strings.Repeat("1", 64),
	"security-gate": "ghcr.io/acme/security-gate:v0.1.0@sha256:" + strings.Repeat("2", 64),
}

func TestPinImage(t *testing.T) {
	old := "docker://ghcr.io/acme/security-gate:v0.0.9@sha256:" + strings.Repeat("3", 64)
	for _, tt := range []struct{ name, image, want string }{
		{"root", "Dockerfile", testImages["goldenpath"]},
		{"folder", "../../Dockerfile", testImages["goldenpath"]},
		{"quoted", "'../../Dockerfile'", testImages["goldenpath"]},
		{"gate", "../../Dockerfile.security-gate", testImages["security-gate"]},
		{"of an earlier release", old, testImages["security-gate"]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const head, tail = "runs:\n  using: docker\n", "  args: [promote]\n"
			got, err := pinImage("action.yml", head+"  image: "+tt.image+"\n"+tail, testImages)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(head+"  image: docker://"+tt.want+"\n"+tail, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	composite := "runs:\n  using: composite\n  steps: []\n"
	if got, err := pinImage("action.yml", composite, testImages); err != nil || got != composite {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPinImageRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"  using: docker\n  image: Dockerfile.other\n":                              "not an image of a release",
		"  using: docker\n  image: docker://example.com/other:1\n":                  "not an image of a release",
		"  using: docker\n  image: x\n":                                             "neither a Dockerfile of this repository",
		"  using: docker\n  image: Dockerfile\n  image: Dockerfile.security-gate\n": "2 lines",
	} {
		if _, err := pinImage("action.yml", text, testImages); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestEveryActionCanBePinned holds the repository's own actions to what a release
// understands, whichever there are.
func TestEveryActionCanBePinned(t *testing.T) {
	files, err := filepath.Glob("../../actions/*/action.yml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range append(files, "../../action.yml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pinImage(file, string(text), testImages)
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.Contains(string(text), "using: docker") && !strings.Contains(got, "\n  image: docker://ghcr.io/acme/") {
			t.Errorf("%s: no image by digest in\n%s", file, got)
		}
	}
}

func TestPinSelf(t *testing.T) {
	id := strings.Repeat("a", 40)
	pin := "@" + id + " # v0.1.0"
	for _, tt := range []struct{ name, text, want string }{
		{"starter", "    # In place of the zeros put the full commit id of a release of goldenpath.\n    uses: seed-b235b314/goldenpath/.github/workflows/sweep.yml@" + strings.Repeat("0", 40) + " # v0\n",
			"    uses: seed-b235b314/goldenpath/.github/workflows/sweep.yml" + pin + "\n"},
		{"document", "`uses: seed-b235b314/goldenpath/actions/promote@<commit SHA> # v0`", "`uses: seed-b235b314/goldenpath/actions/promote" + pin + "`"},
		{"root", "uses: seed-b235b314/goldenpath@<commit SHA> # v0", "uses: seed-b235b314/goldenpath" + pin},
		{"earlier release", "uses: seed-b235b314/goldenpath/actions/promote@" + strings.Repeat("b", 40) + " # v0.0.9-rc.1", "uses: seed-b235b314/goldenpath/actions/promote" + pin},
		{"of others", "uses: actions/checkout@<commit SHA> # v7", "uses: actions/checkout@<commit SHA> # v7"},
		{"no pin", "uses: seed-b235b314/goldenpath@v1", "uses: seed-b235b314/goldenpath@v1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, pinSelf(tt.text, "seed-b235b314/goldenpath", id, "v0.1.0")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDateSection(t *testing.T) {
	const text = "## [Unreleased]\n\n## [0.1.0] - unreleased\n\n## [0.0.9] - 2026-01-02\n"
	if got, want := dateSection(text, "0.1.0", "2026-11-27"), strings.Replace(text, "0] - unreleased", "0] - 2026-11-27", 1); got != want {
		t.Errorf("%q", got)
	}
	if got := dateSection(text, "0.0.9", "2026-11-27"); got != text {
		t.Errorf("%q", got)
	}
}

func TestWhichFiles(t *testing.T) {
	for name, want := range map[string][2]bool{
		"action.yml": {true, false}, "actions/promote/action.yml": {true, false}, "actions/promote/README.md": {false, true},
		"README.md": {false, true}, "docs/actions.md": {false, true}, "workflows/sweep.yml": {false, true},
		".github/workflows/sweep.yml": {}, "CHANGELOG.md": {}, "testdata/where2eat/README.md": {}, "internal/x.md": {}, "cmd/main.go": {},
	} {
		if got := [2]bool{isAction(name), isExample(name)}; got != want {
			t.Errorf("%s: action, example %v, want %v", name, got, want)
		}
	}
}
