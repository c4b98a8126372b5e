package path

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

// TestFoundArtifacts: the scripts of the workflows find their reports whether one
// artifact matched a pattern, several or none. actions/download-artifact gives the only
// match no folder of its own (README, v5: "also applies to patterns that only match
// a single artifact").
func TestFoundArtifacts(t *testing.T) {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("{}")))
	for _, tt := range []struct {
		name, workflow, job, step string
		files                     []string
		want                      string // what attest was called with, or the reports that were picked
	}{
		{"one part", "package.yml", "package", "Attest", []string{"goldenpath-found/tests/test.json", "goldenpath-found/gate/security-gate.json"},
			"test tests/test.json; security-gate gate/security-gate.json"},
		{"two parts", "package.yml", "package", "Attest", []string{"goldenpath-found/tests/goldenpath-test-1/test.json", "goldenpath-found/tests/goldenpath-test-2/test.json", "goldenpath-found/gate/security-gate.json"},
			"test tests/goldenpath-test-1/test.json tests/goldenpath-test-2/test.json; security-gate gate/security-gate.json"},
		{"no part", "package.yml", "package", "Attest", []string{"goldenpath-found/gate/security-gate.json"}, "security-gate gate/security-gate.json"},
		{"both", "attest.yml", "attest", "Attest", []string{"goldenpath-found/goldenpath-battery/battery.json", "goldenpath-found/scorecard/scorecard.json"},
			"battery,scorecard goldenpath-battery/battery.json scorecard/scorecard.json"},
		{"only the battery", "attest.yml", "attest", "Attest", []string{"goldenpath-found/battery.json"}, "battery,scorecard battery.json"},
		{"two reports", "pull-request.yml", "report", "Pick the reports", []string{"found/security-gate/security-gate.json", "found/scorecard/scorecard.json"}, "scorecard.json security-gate.json"},
		{"one report", "pull-request.yml", "report", "Pick the reports", []string{"found/scorecard.json"}, "scorecard.json"},
		{"no report", "pull-request.yml", "report", "Pick the reports", nil, ""},
		{"no artifact", "comment.yml", "comment", "Comment", nil, ""},
	} {
		t.Run(tt.workflow+", "+tt.name, func(t *testing.T) {
			temp := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(temp, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write("goldenpath-bin/goldenpath", "#!/bin/bash\ncase $1 in attest) shift 4 ;; comment) [ -d \"$3\" ] || exit 2; shift 3 ;; esac\nprintf '%s' \"$*; \" >> \"$RUNNER_TEMP/called\"\n")
			for _, name := range tt.files {
				write(name, "{}")
			}
			steps := commandtest.Steps(t, commandtest.ReadWorkflow(t, ".github/workflows", tt.workflow).Jobs[tt.job].Steps)
			step := slices.IndexFunc(steps, func(s commandtest.Step) bool { return s.Name == tt.step })
			if step < 0 {
				t.Fatalf("job %s has no step %q", tt.job, tt.step)
			}
			script := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[step].Run)
			script.Env = append(os.Environ(), "RUNNER_TEMP="+temp, "DIGEST=sha256:1", "GATE=security-gate", "PULL_REQUEST=12", "SHA256="+sum)
			if out, err := script.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			called, _ := os.ReadFile(filepath.Join(temp, "called"))
			got := strings.TrimSuffix(strings.ReplaceAll(string(called), temp+"/goldenpath-found/", ""), "; ")
			picked, _ := filepath.Glob(filepath.Join(temp, "reports", "*.json"))
			for _, p := range picked {
				got = strings.TrimSpace(got + " " + filepath.Base(p))
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestUploadSaid: where nothing says that code scanning takes the findings, none are
// sent. A scheduled run's event may say nothing of the repository, and a repository
// that is a fork itself has pull requests of its own.
func TestUploadSaid(t *testing.T) {
	steps := commandtest.ReadWorkflow(t, ".github/workflows", "security.yml").Jobs["scan"].Steps
	decide := slices.IndexFunc(steps, func(s commandtest.Step) bool { return s.ID == "sarif" })
	temp := t.TempDir()
	sarif := filepath.Join(temp, "goldenpath", "sarif", "gitleaks.sarif")
	if err := errors.Join(os.MkdirAll(filepath.Dir(sarif), 0o755), os.WriteFile(sarif, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		upload, private, fork string
		want                  bool
	}{
		{"auto", "false", "false", true}, {"auto", "true", "false", false}, {"auto", "", "false", false},
		{"auto", "false", "true", false}, {"true", "true", "false", true}, {"false", "false", "false", false},
	} {
		out := filepath.Join(t.TempDir(), "output")
		script := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[decide].Run)
		script.Env = append(os.Environ(), "UPLOAD="+tt.upload, "PRIVATE="+tt.private, "FORK="+tt.fork, "ARTIFACT=a", "RUNNER_TEMP="+temp, "GITHUB_API_URL=http://127.0.0.1:1",
			"GITHUB_OUTPUT="+out, "GITHUB_STEP_SUMMARY="+os.DevNull)
		if said, err := script.CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", tt, err, said)
		}
		if b, _ := os.ReadFile(out); (string(b) == "upload=true\n") != tt.want {
			t.Errorf("%v: output %q", tt, b)
		}
	}
	if text := commandtest.Read(t, ".github/workflows", "security.yml"); strings.Contains(text, "head.repo.fork }}") {
		t.Error("head.repo.fork is also true in a repository that is a fork itself")
	}
}
