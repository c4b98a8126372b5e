package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate/osv"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// checkout is a repository with a base and a change that brings one of each kind.
type checkout struct {
	dir, base, head, databases string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{dir: filepath.Join(t.TempDir(), "app"), databases: t.TempDir()}
	if _, err := osv.ImportGo(t.Context(), "testdata/advisories", c.databases); err != nil {
		t.Fatal(err)
	}
	c.write(t, map[string]string{
		".goldenpath.yml":             "version: 1\napp: shop\nartifact: {pack: dist, entrypoint: [/shop]}\ngate: {allowed-dependencies: allowed.txt, licences: {deny: [AGPL-3.0-only]}}\n",
		".goldenpath/waivers.yml":     "version: 1\nwaivers:\n  - {rule: DS-0002, path: Dockerfile, reason: it needs port 80 for now, owner: ann, expires: \"" + time.Now().AddDate(0, 1, 0).Format(time.DateOnly) + "\"}\n",
		"go.mod":                      "module example.com/shop\n\ngo 1.26\n\nrequire golang.org/x/net v0.20.0\n",
		"allowed.txt":                 "pkg:golang/golang.org/x/*\n",
		"old.env":                     "TOKEN=" + token + "\n",
		".github/workflows/build.yml": "on: push\njobs:\n  b:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo hi\n",
	})
	c.git(t, "init", "-q", "-b", "main")
	c.base = c.commit(t)
	c.write(t, map[string]string{
		"go.mod":                      "module example.com/shop\n\ngo 1.26\n\nrequire (\n\tgolang.org/x/net v0.20.0\n\tgolang.org/x/text v0.3.6\n)\n",
		"new.env":                     "TOKEN=" + strings.Replace(token, "q7Kd", "w2Rf", 1) + "\n",
		"Dockerfile":                  "FROM scratch\nCOPY shop /\n",
		".github/workflows/build.yml": "on: push\njobs:\n  b:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: some/action@v1\n      - run: echo hi\n",
	})
	c.head = c.commit(t)
	return c
}

func (c checkout) write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(c.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func (c checkout) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", c.dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c checkout) commit(t *testing.T) string {
	t.Helper()
	c.git(t, "add", "-A")
	c.git(t, "commit", "-q", "-m", "change")
	return c.git(t, "rev-parse", "HEAD")
}

// result is what a run said.
type result struct {
	code   int
	report *report.Report
	all    map[string]string // every text that came out, by where
}

// run runs the command line, in a step when env names an event.
func (c checkout) run(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	out := t.TempDir()
	vars := map[string]string{"HOME": out, "GITHUB_OUTPUT": filepath.Join(out, "outputs"), "GITHUB_STEP_SUMMARY": filepath.Join(out, "summary.md"), "RUNNER_TEMP": out}
	for k, v := range env {
		vars[k] = v
	}
	var stdout, stderr bytes.Buffer
	getenv := func(name string) string { return vars[name] }
	name := filepath.Join(out, "report.json")
	e := &command.Env{
		Args:   append([]string{"scan", "--dir", c.dir, "--databases", c.databases, "--offline", "--report", name}, args...),
		Stdout: &stdout, Stderr: &stderr, Getenv: getenv, Now: time.Now, Self: "security-gate", Runner: runner.New(getenv, &stdout),
	}
	r := result{code: command.Main(t.Context(), e, New()), all: map[string]string{"stdout": stdout.String(), "stderr": stderr.String()}}
	if b, err := os.ReadFile(name); err == nil {
		if r.report, err = report.Read(bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		r.all[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// says is the verdict, the counts and every finding.
func (r result) says(t *testing.T) []string {
	t.Helper()
	if r.report == nil {
		t.Fatalf("no report: exit %d\n%s%s", r.code, r.all["stdout"], r.all["stderr"])
	}
	out := []string{string(r.report.Verdict), string(r.report.Reason), r.report.Title}
	for _, name := range []string{"blocking", "new", "known", "disclosed", "waived"} {
		out = append(out, name+"="+r.report.Output(name))
	}
	for _, f := range r.report.Findings {
		out = append(out, strings.Join([]string{f.Rule, string(f.Severity), string(f.Status), f.At.String(), f.Fingerprint}, " "))
	}
	return out
}

// unknown leaves out what the base has too.
func unknown(says []string) []string {
	return slices.DeleteFunc(slices.Clone(says), func(line string) bool {
		return strings.HasPrefix(line, "known=") || strings.Contains(line, " known ")
	})
}

// event writes the payload of an event and returns the environment of its step.
func event(t *testing.T, name, repository string, payload map[string]any) map[string]string {
	t.Helper()
	payload["repository"] = map[string]any{"full_name": "acme/shop", "private": repository == "private", "visibility": repository, "default_branch": "main"}
	b, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": file, "GITHUB_REPOSITORY": "acme/shop"}
}

func pullRequest(head, base, repository string) map[string]any {
	return map[string]any{"number": 12, "pull_request": map[string]any{
		"base": map[string]any{"sha": base, "repo": map[string]any{"full_name": "acme/shop"}},
		"head": map[string]any{"sha": head, "repo": map[string]any{"full_name": repository, "fork": repository != "acme/shop"}},
	}}
}

// TestVerdictIsTheSame proves GP-GATE-3: verdict, counts and findings do not depend
// on the surfaces, the event, the fork, the repository's visibility, the order of
// the files, or how often it runs.
func TestVerdictIsTheSame(t *testing.T) {
	c := newCheckout(t)
	want := c.run(t, nil, "--base", c.base)
	says := want.says(t)
	if want.code != report.ExitVerdict || want.report.Output("blocking") == "0" || want.report.Output("known") == "0" {
		t.Fatalf("the checkout proves nothing: exit %d\n%s", want.code, strings.Join(says, "\n"))
	}
	for _, rule := range []string{"github-pat", "unpinned-uses", "CVE-2022-32149"} {
		if !slices.ContainsFunc(want.report.Findings, func(f report.Finding) bool { return f.Rule == rule && f.Status == report.New }) {
			t.Errorf("no new %s: %s", rule, strings.Join(says, "\n"))
		}
	}
	for name, test := range map[string]struct {
		env  func() map[string]string
		args []string
	}{
		"again":               {nil, []string{"--base", c.base}},
		"SARIF, SBOM and VEX": {nil, []string{"--base", c.base, "--sarif", t.TempDir(), "--sbom", filepath.Join(t.TempDir(), "s.json"), "--vex", filepath.Join(t.TempDir(), "v.json")}},
		"JSON":                {nil, []string{"--base", c.base, "--json"}},
		"a pull request": {func() map[string]string {
			return event(t, "pull_request", "public", pullRequest(c.head, c.base, "acme/shop"))
		}, nil},
		"one of a fork": {func() map[string]string {
			return event(t, "pull_request", "public", pullRequest(c.head, c.base, "mallory/shop"))
		}, nil},
		"in a private repository": {func() map[string]string {
			return event(t, "pull_request", "private", pullRequest(c.head, c.base, "acme/shop"))
		}, nil},
		"in a private fork with SARIF": {func() map[string]string {
			return event(t, "pull_request", "private", pullRequest(c.head, c.base, "mallory/shop"))
		}, []string{"--sarif", t.TempDir()}},
		"a merge group": {func() map[string]string {
			return event(t, "merge_group", "public", map[string]any{"merge_group": map[string]any{"base_sha": c.base, "head_sha": c.head}})
		}, nil},
		"a push": {func() map[string]string {
			return event(t, "push", "public", map[string]any{"before": c.base, "after": c.head, "ref": "refs/heads/main"})
		}, []string{"--base", c.base}},
		"a dispatch": {func() map[string]string {
			return event(t, "workflow_dispatch", "public", map[string]any{"inputs": nil})
		}, []string{"--base", c.base}},
	} {
		t.Run(name, func(t *testing.T) {
			var env map[string]string
			if test.env != nil {
				env = test.env()
			}
			got := c.run(t, env, test.args...)
			if got.code != want.code {
				t.Errorf("exit %d, want %d\n%s", got.code, want.code, got.all["stderr"])
			}
			said, expected := got.says(t), says
			if name == "a push" { // it also lists what unchanged files have
				said, expected = unknown(said), unknown(expected)
			}
			if diff := cmp.Diff(expected, said); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("files in another order", func(t *testing.T) {
		// A copy made from the last file to the first: another order on disk.
		other := checkout{dir: filepath.Join(t.TempDir(), "other"), databases: c.databases}
		c.git(t, "clone", "-q", "--no-checkout", c.dir, other.dir)
		names := strings.Split(c.git(t, "ls-files"), "\n")
		slices.Reverse(names)
		for _, name := range names {
			other.git(t, "checkout", "-q", "HEAD", "--", name)
		}
		if diff := cmp.Diff(says, other.run(t, nil, "--base", c.base).says(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("everything and a schedule", func(t *testing.T) {
		dispatch := c.run(t, event(t, "workflow_dispatch", "public", map[string]any{"inputs": nil}))
		schedule := c.run(t, event(t, "schedule", "public", map[string]any{"schedule": "0 3 * * *"}))
		if diff := cmp.Diff(dispatch.says(t), schedule.says(t)); diff != "" || schedule.report.Output("known") == "0" {
			t.Errorf("(-dispatch +schedule):\n%s", diff)
		}
		// Of what the change brings, both say the same.
		compared := c.run(t, nil, "--base", c.base, "--everything")
		if compared.report.Output("new") != want.report.Output("new") || compared.report.Output("blocking") != want.report.Output("blocking") {
			t.Errorf("everything compared: %v\nonly what changed: %v", compared.says(t)[:8], says[:8])
		}
	})
}
