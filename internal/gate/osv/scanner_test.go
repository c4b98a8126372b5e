package osv

import (
	"archive/zip"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	goMod  = "module example.com/app\n\ngo 1.22.1\n\nrequire golang.org/x/net v0.20.0\n"
	lock   = `{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"},` + "\n" + `"node_modules/lodash":{"version":"4.17.20"}}}`
	ignore = "[[IgnoredVulns]]\nid = \"GO-2024-2687\"\n[[PackageOverrides]]\necosystem = \"Go\"\nignore = true\n"
)

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// databases holds the advisories of testdata for the ecosystems.
func databases(t *testing.T, ecosystems ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, eco := range ecosystems {
		name := map[string]string{"Go": "GO-2024-2687.json", "npm": "GHSA-35jh-r3h4-6jhm.json"}[eco]
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		pack(t, archive(dir, eco), map[string]string{name: string(text)})
	}
	return dir
}

func pack(t *testing.T, file string, entries map[string]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for name, text := range entries {
		e, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(e, text)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func scan(t *testing.T, in gate.Input) gate.Result {
	t.Helper()
	in.Offline = true
	res, err := Scanner{}.Scan(context.Background(), selected(t, in))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// selected fills in the files as the gate does.
func selected(t *testing.T, in gate.Input) gate.Input {
	t.Helper()
	files, err := gate.Walk(context.Background(), in.Dir, in.Exclude)
	if err != nil {
		t.Fatal(err)
	}
	in.Files, _ = Scanner{}.Select(files, nil)
	return in
}

var disclosed = time.Date(2021, 5, 6, 16, 5, 51, 0, time.UTC)

var (
	xnet = report.Finding{
		Rule: "CVE-2023-45288", Aliases: []string{"GHSA-4v7x-pqxf-cx7m", "GO-2024-2687"}, Severity: report.High,
		Message: "HTTP/2 CONTINUATION flood in net/http",
		At:      report.Location{Path: "go.mod", Line: 5}, Package: "pkg:golang/golang.org/x/net@0.20.0",
		Rated: "no severity published, treated as high", Fixed: "0.23.0", Fix: "go get golang.org/x/net@v0.23.0",
	}
	stdlib = report.Finding{
		Rule: "CVE-2023-45288", Aliases: []string{"GHSA-4v7x-pqxf-cx7m", "GO-2024-2687"}, Severity: report.High,
		Message: "HTTP/2 CONTINUATION flood in net/http",
		At:      report.Location{Path: "go.mod", Line: 3}, Package: "pkg:golang/stdlib@1.22.1",
		Rated: "no severity published, treated as high", Fixed: "1.22.2", Fix: "use Go 1.22.2",
	}
	lodash = report.Finding{
		Rule: "CVE-2021-23337", Aliases: []string{"GHSA-35jh-r3h4-6jhm"}, Severity: report.High,
		Message: "Command Injection in lodash",
		At:      report.Location{Path: "web/package-lock.json", Line: 2}, Package: "pkg:npm/lodash@4.17.20",
		Rated: "CVSS 3.1 score 7.2 of GHSA-35jh-r3h4-6jhm", Published: &disclosed,
		Fixed: "4.17.21", Fix: "npm install lodash@4.17.21, or npm update the packages that depend on it",
	}
)

func TestFindings(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod, "web/package-lock.json": lock})
	res := scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go", "npm")})
	if diff := cmp.Diff([]report.Finding{stdlib, xnet, lodash}, res.Findings); diff != "" {
		t.Error(diff)
	}
	if res.Covered != "2 lockfiles, 3 packages" || len(res.Missing) != 0 {
		t.Errorf("covered %q, missing %v", res.Covered, res.Missing)
	}
	if len(res.Database) != 2 || res.Database[1].Name != "osv/npm" || !strings.HasPrefix(res.Database[1].Digest, "sha256:") ||
		!res.Database[1].Time.Equal(time.Date(2024, 4, 17, 18, 39, 19, 0, time.UTC)) {
		t.Errorf("databases %+v", res.Database)
	}
}

// An ecosystem without a database is a gap, and hides nothing of the others: the
// library alone stops there and says 0.
func TestMissingDatabase(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod, "web/package-lock.json": lock,
		"a/requirements.txt": "flask==2.0.0\nrequests==2.19.0\nurllib3\n"})
	res := scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go")})
	if diff := cmp.Diff([]report.Finding{stdlib, xnet}, res.Findings); diff != "" {
		t.Error(diff)
	}
	var what []string
	for _, g := range res.Missing {
		what = append(what, g.What)
	}
	if diff := cmp.Diff([]string{"a/requirements.txt (PyPI, 2 packages)", "web/package-lock.json (npm, 1 package)"}, what); diff != "" {
		t.Error(diff)
	}
	if want := "3 lockfiles, 2 of 5 packages (and 1 without a version, not looked up)"; res.Covered != want {
		t.Errorf("covered %q, want %q", res.Covered, want)
	}
	none := scan(t, gate.Input{Dir: dir})
	if len(none.Findings) != 0 || len(none.Missing) != 3 || len(none.Database) != 0 {
		t.Errorf("without any database: %+v", none)
	}
}

func TestNothingToScan(t *testing.T) {
	res := scan(t, gate.Input{Dir: write(t, t.TempDir(), map[string]string{"README.md": "# x\n"})})
	if diff := cmp.Diff(gate.Result{Findings: []report.Finding{}}, res); diff != "" {
		t.Error(diff)
	}
}

// A repository must not be able to loosen the gate.
func TestRepositoryCannotLoosen(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod, "osv-scanner.toml": ignore, ".gitignore": "go.mod\n", ".git/HEAD": "ref: refs/heads/main\n"})
	res := scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go")})
	if diff := cmp.Diff([]report.Finding{stdlib, xnet}, res.Findings); diff != "" {
		t.Error(diff)
	}
}

func TestExclude(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"testdata/x/go.mod": goMod, "testdata2/go.mod": goMod, "web/package-lock.json": "{", "bad/package-lock.json": "{"})
	res := scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go"), Exclude: []string{"testdata/", "web/package-lock.json"}})
	if len(res.Findings) != 2 || res.Findings[0].At.Path != "testdata2/go.mod" {
		t.Errorf("%+v", res.Findings)
	}
	if len(res.Missing) != 1 || res.Missing[0].What != "bad/package-lock.json" {
		t.Errorf("a lock file that cannot be read: %+v", res.Missing)
	}
}

func TestBrokenDatabase(t *testing.T) {
	dir, dbs := write(t, t.TempDir(), map[string]string{"go.mod": goMod}), databases(t, "Go")
	write(t, dbs, map[string]string{"osv-scalibr/Go/all.zip": "no zip"})
	if res, err := (Scanner{}).Scan(context.Background(), selected(t, gate.Input{Dir: dir, Databases: dbs, Offline: true})); err == nil {
		t.Errorf("no error, but %+v", res)
	}
	pack(t, archive(dbs, "Go"), map[string]string{"GO-9999-0001.json": `{"id":"GO-9999-0001","field_of_tomorrow":1}`})
	res := scan(t, gate.Input{Dir: dir, Databases: dbs})
	if len(res.Missing) != 1 || !strings.Contains(res.Missing[0].Why, "GO-9999-0001") {
		t.Errorf("an advisory the library drops: %+v", res.Missing)
	}
}

func TestLanguageVersionWithoutPatch(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": "module m\n\ngo 1.20\n"})
	res := scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go")})
	if len(res.Findings) != 1 || res.Findings[0].Package != "pkg:golang/stdlib@1.20" || res.Findings[0].Fixed != "1.21.9" {
		t.Errorf("%+v", res.Findings)
	}
}

// proxy refuses what is asked, at which the library, unlike at an outage, does not
// wait and ask again.
type proxy struct{}

func (proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusForbidden, Status: "403 Forbidden", Request: r, Body: http.NoBody}, nil
}

func TestOnlineWithoutNetwork(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod})
	res, err := Scanner{Client: &http.Client{Transport: proxy{}}}.Scan(context.Background(), selected(t, gate.Input{Dir: dir}))
	if err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("error %v, result %+v", err, res)
	}
}

func TestTwoAtOnce(t *testing.T) {
	dir, dbs := write(t, t.TempDir(), map[string]string{"go.mod": goMod}), databases(t, "Go")
	for range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			if got := scan(t, gate.Input{Dir: dir, Databases: dbs}); len(got.Findings) != 2 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod})
	if _, err := (Scanner{}).Scan(ctx, selected(t, gate.Input{Dir: dir, Offline: true})); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNothingPrinted(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod, "package-lock.json": "{", "osv-scanner.toml": "x = 1"})
	if got := gatetest.Printed(t, func() { scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go")}) }); got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestVersion(t *testing.T) {
	if got := (Scanner{}).Version(); got != "v2.5.1" && got != "unknown" {
		t.Error(got)
	}
}

// TestArtifactTellsTheStandardLibrary: go.mod's go line is the oldest release
// that would do; the test binary says which one was used.
func TestArtifactTellsTheStandardLibrary(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": "module example.com/app\n\ngo 1.20\n"})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	artifact := t.TempDir()
	if err := os.Symlink(self, filepath.Join(artifact, "link")); err != nil {
		t.Fatal(err)
	}
	b, err := readBuilt(artifact, t.TempDir())
	if err != nil || len(b.versions) != 0 {
		t.Errorf("a link out of the artifact was followed: %v, %v", b.versions, err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(artifact, "app"), content, 0o755); err != nil {
		t.Fatal(err)
	}
	if b, err = readBuilt(artifact, t.TempDir()); err != nil || len(b.versions) != 1 {
		info, infoErr := buildinfo.ReadFile(filepath.Join(artifact, "app"))
		t.Fatalf("releases %v (%v) in a binary of %v (%v), want one", b.versions, err, info, infoErr)
	}
	in := gate.Input{Dir: dir, Databases: databases(t, "Go")}
	before := scan(t, in)
	in.Artifact = artifact
	after := scan(t, in)
	if len(before.Findings) == 0 || len(after.Findings) != 0 {
		t.Errorf("by go.mod %v, by the artifact %v, want some and none", before.Findings, after.Findings)
	}
	if after.Covered == "" {
		t.Error("the standard library of the artifact does not count as covered")
	}
}
