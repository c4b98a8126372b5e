package sarif

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// repository is a checkout made with real git.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	r := repository{t, t.TempDir()}
	r.git("init", "--quiet")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) write(name, text string) {
	r.t.Helper()
	name = filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// commit commits everything and returns the id.
func (r repository) commit() string {
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "-m", "m")
	return r.git("rev-parse", "HEAD")
}

// written is a file with the text; CHECKOUT in it is the folder.
func written(t *testing.T, text, dir string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in.sarif")
	text = strings.ReplaceAll(text, "/CHECKOUT", filepath.ToSlash(dir))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// scan reads a file of one tool and scans.
func scan(t *testing.T, text string, in gate.Input) (gate.Result, error) {
	t.Helper()
	all, err := Read(written(t, text, in.Dir))
	if err != nil {
		return gate.Result{}, err
	}
	if len(all) != 1 {
		t.Fatalf("%d scanners", len(all))
	}
	files, concerned := all[0].Select([]gate.File{{Path: "a"}}, gate.Changes{})
	if files != nil || !concerned || all[0].Kind() != "imported" {
		t.Errorf("Select %v %v, kind %q", files, concerned, all[0].Kind())
	}
	return all[0].Scan(context.Background(), in)
}

// must is scan that succeeds.
func must(t *testing.T, text string, in gate.Input) []report.Finding {
	t.Helper()
	res, err := scan(t, text, in)
	if err != nil {
		t.Fatal(err)
	}
	return res.Findings
}

func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// one is a file with one run that has the result; what is in run comes first.
func one(run, res string) string {
	if run != "" {
		run += ","
	}
	return `{"version":"2.1.0","runs":[{` + run + `"tool":{"driver":{"name":"T"}},"results":[` + res + `]}]}`
}

// at is a result at a place.
func at(uri, region string) string {
	return `{"ruleId":"R","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"` + uri + `"},"region":{` + region + `}}}]}`
}
