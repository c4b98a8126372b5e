package path

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ways compares goldenpath run with the single commands for one commit.
type ways struct {
	ts            *testscript.TestScript
	run, commands string // clones, one for each way
	commit        string
	out           string // reports of the single commands
}

// bothWays is the command `bothways LAST [ROW...]`: LAST is the stage that ends the
// path, and each ROW is the beginning of a row of the scorecard.
func bothWays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: bothways LAST [ROW...]")
	}
	w := &ways{ts: ts, run: ts.MkAbs("../run"), commands: ts.MkAbs("../commands")}
	for _, dir := range []string{w.run, w.commands} {
		if _, err := os.Stat(dir); err != nil {
			w.ok("git", "clone", "-q", "--no-local", ".", dir)
		}
		w.ok("git", "-C", dir, "pull", "-q")
	}
	w.ok("git", "rev-parse", "HEAD")
	w.commit = strings.TrimSpace(ts.ReadFile("stdout"))
	w.out = ts.MkAbs("../reports-" + w.commit)
	ts.Check(os.MkdirAll(w.out, 0o755))
	// The path of the workflows is the reports of the stages up to the last one.
	w.goldenpath(w.run, "run", "--security-gate", ts.MkAbs("gate"))
	w.path(args[0])
	for _, row := range args[1:] {
		if !w.card(row) {
			ts.Fatalf("the scorecard has no row %q", row)
		}
	}
	for _, dir := range []string{w.run, w.commands} {
		w.ok("goldenpath", "down", "--repo", dir)
	}
}

// path runs the single commands up to the stage that ends the path, and compares the
// reports.
func (w *ways) path(last string) {
	kept := filepath.Join(w.out, "kept")
	images := filepath.Join(w.out, "images")
	stages := []struct {
		name    string
		compare func()
	}{
		{"validate", func() { w.same("validate", w.command("validate")) }},
		{"test", func() { w.same("test", w.command("test", "--out", kept)) }},
		{"package", func() {
			built := w.command("package", "--out", kept, "--registry", images)
			if built.Verdict != report.Fail {
				pushed := w.command("push", "--from", images, "--digest", built.Digest, "--registry", filepath.Join(w.commands, ".git/goldenpath/registry"))
				built.Checks = append(built.Checks, pushed.Checks[1]) // provenance
			}
			w.same("package", built)
		}},
		{"security-gate", func() {
			file := filepath.Join(w.out, "security-gate.json")
			w.ok(w.ts.MkAbs("gate"), "--commit", w.commit, "--report", file)
			scanned := w.read(file)
			scanned.Digest = w.digest() // the gate's own report is about the commit
			w.same("security-gate", scanned)
			w.attest("test", "security-gate")
		}},
		{"preview", func() {
			w.same("preview", w.command("preview up", "--name", "local", "--digest", w.digest()))
		}},
		{"battery", func() { w.same("battery", w.battery("preview/local", "preview up")) }},
		{"scorecard", func() {
			w.same("scorecard", w.command("scorecard", "--junit", "../reports-"+w.commit+"/kept/**/*.xml",
				"--gate-report", filepath.Join(w.out, "security-gate.json"), "--digest", w.digest()))
		}},
		{"preview-down", func() { w.same("preview-down", w.command("preview down", "--name", "local")) }},
		{"staging", func() {
			promoted := w.command("promote", "--environment", "staging", "--digest", w.digest())
			tested := w.battery("staging", "promote")
			promoted.Checks = append(promoted.Checks, tested.Checks...)
			promoted.Sections = append(promoted.Sections, tested.Sections...)
			w.same("staging", promoted)
			w.attest("battery", "scorecard")
			w.sameRelease("staging")
		}},
		{"production", func() {
			promoted, deployed := w.command("promote", "--environment", "production"), w.stage("production")
			deployed.Checks = append(deployed.Checks, w.stage("soak").Checks...)
			if diff := cmp.Diff(names(deployed), names(promoted)); diff != "" {
				w.ts.Fatalf("production: goldenpath run (-) and goldenpath promote (+) differ:\n%s", diff)
			}
			w.sameRelease("production")
		}},
	}
	for _, s := range stages {
		s.compare()
		if s.name == last {
			return
		}
		if r := w.stage(s.name); r.Verdict == report.Fail {
			w.ts.Fatalf("the path ended at %s (%s), want %s", s.name, r.Title, last)
		}
	}
}

func names(r *report.Report) []string {
	var all []string
	for _, c := range r.Checks {
		all = append(all, c.Name+" "+string(c.State))
	}
	return all
}

func (w *ways) ok(program string, args ...string) { w.ts.Check(w.ts.Exec(program, args...)) }

// goldenpath runs a command in a clone. A verdict of fail is a result.
func (w *ways) goldenpath(dir string, args ...string) {
	err := w.ts.Exec("sh", append([]string{"-c", `cd "$0" && exec goldenpath "$@"`, dir}, args...)...)
	if err != nil && !strings.Contains(err.Error(), "exit status 1") {
		w.ts.Fatalf("goldenpath %v: %v", args, err)
	}
}

// command runs a single command and returns its report.
func (w *ways) command(name string, args ...string) *report.Report {
	file := filepath.Join(w.out, strings.ReplaceAll(name, " ", "-")+".json")
	w.goldenpath(w.commands, append(append(strings.Fields(name), args...), "--report", file)...)
	return w.read(file)
}

func (w *ways) battery(environment, deployedBy string) *report.Report {
	deployed := w.read(filepath.Join(w.out, strings.ReplaceAll(deployedBy, " ", "-")+".json"))
	return w.command("battery", "--environment", environment, "--url", deployed.Output("url"), "--digest", w.digest(), "--out", filepath.Join(w.out, "kept"))
}

func (w *ways) attest(reports ...string) {
	args := []string{"attest", "--digest", w.digest(), "--registry", filepath.Join(w.commands, ".git/goldenpath/registry")}
	for _, name := range reports {
		args = append(args, filepath.Join(w.out, name+".json"))
	}
	w.goldenpath(w.commands, args...)
}

func (w *ways) read(file string) *report.Report {
	f, err := os.Open(file)
	w.ts.Check(err)
	defer f.Close()
	r, err := report.Read(f)
	w.ts.Check(err)
	return r
}

// stage reads the report that goldenpath run wrote.
func (w *ways) stage(name string) *report.Report {
	found, err := filepath.Glob(filepath.Join(w.run, ".git/goldenpath/runs", w.commit[:12], "[0-9][0-9]-"+name+".json"))
	w.ts.Check(err)
	if len(found) != 1 {
		w.ts.Fatalf("goldenpath run wrote %d reports of %s", len(found), name)
	}
	return w.read(found[0])
}

func (w *ways) digest() string { return w.stage("package").Digest }

func (w *ways) card(row string) bool {
	for _, c := range w.stage("scorecard").Checks {
		if strings.HasPrefix(string(c.State)+" "+c.Name+" "+c.Result, row) {
			return true
		}
	}
	return false
}

// same compares a report of goldenpath run with that of a single command, except for
// what no two runs have in common.
func (w *ways) same(stage string, other *report.Report) {
	if diff := cmp.Diff(comparable(w.ts, w.stage(stage)), comparable(w.ts, other)); diff != "" {
		w.ts.Fatalf("%s: goldenpath run (-) and the single command (+) differ:\n%s", stage, diff)
	}
}

// sameRelease compares the manifests that the two ways recorded.
func (w *ways) sameRelease(environment string) {
	var manifests []any
	for _, dir := range []string{w.run, w.commands} {
		file := filepath.Join(w.out, "release.json")
		w.goldenpath(dir, "release", "show", "--environment", environment, "--report", file)
		e, err := report.DataOf[ledger.Entry](w.read(file))
		w.ts.Check(err)
		var manifest map[string]any
		w.ts.Check(json.Unmarshal(e.Data, &manifest))
		for _, name := range []string{"version", "config", "migration", "flags", "prompts", "models", "env"} {
			if manifest[name] == nil {
				w.ts.Fatalf("the release in %s has no %s: %s", environment, name, e.Data)
			}
		}
		manifests = append(manifests, plain(manifest))
	}
	if diff := cmp.Diff(manifests[0], manifests[1]); diff != "" {
		w.ts.Fatalf("the manifests in %s differ:\n%s", environment, diff)
	}
}

// comparable is a report without times, addresses and folders.
func comparable(ts *testscript.TestScript, r *report.Report) any {
	r.Outputs = slices.DeleteFunc(r.Outputs, func(o report.Output) bool { return o.Name == "report" }) // a command's file
	// Rows about GitHub: the pull request that a preview belongs to.
	r.Checks = slices.DeleteFunc(r.Checks, func(c report.Check) bool { return c.Name == "policy" || c.Name == "comment" })
	if r.Name == "preview-up" { // run removes its preview, and so reports neither address nor lifetime
		r.Title = address.ReplaceAllString(strings.Replace(r.Title, " is ready at ", " was ready ", 1), "")
		r.Title = strings.TrimSpace(r.Title)
		r.Checks = slices.DeleteFunc(r.Checks, func(c report.Check) bool { return c.Name == "lifetime" })
		for i := range r.Checks {
			if r.Checks[i].Name == "preview" {
				r.Checks[i].Result, r.Checks[i].Link = "", ""
			}
		}
		r.Outputs = slices.DeleteFunc(r.Outputs, func(o report.Output) bool { return o.Name == "url" || o.Name == "expires" })
	}
	b, err := json.Marshal(r)
	ts.Check(err)
	var v any
	ts.Check(json.Unmarshal(b, &v))
	return plain(v)
}

var (
	address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)
	took    = regexp.MustCompile(`[0-9.]+ ?(ms|s|min)\b|[0-9-]+T[0-9:]+Z|[A-Z][a-z]{2} [0-9:]+ UTC`)
	folder  = regexp.MustCompile(`/[^ ,"]*/`)
)

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"started", "seconds", "expires", "pid", "port"} {
			delete(v, key)
		}
		for key, value := range v {
			v[key] = plain(value)
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case string:
		v = address.ReplaceAllString(v, "ADDRESS")
		v = took.ReplaceAllString(v, "TIME")
		return folder.ReplaceAllString(v, "")
	case float64:
		return fmt.Sprint(v)
	}
	return v
}
