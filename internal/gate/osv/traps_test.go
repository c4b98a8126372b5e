package osv

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// gaps are the names and reasons of what could not be read.
func gaps(res gate.Result) string {
	var all []string
	for _, g := range res.Missing {
		all = append(all, g.What+": "+g.Why)
	}
	return strings.Join(all, "\n")
}

// GP-GATE-1, 8: an unreadable file is reported and hides nothing else.
func TestUnreadable(t *testing.T) {
	plain := map[string]string{"go.mod": goMod}
	link := func(to string) func(*testing.T, string) {
		return func(t *testing.T, name string) {
			if err := os.Symlink(to, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(s string) func(*testing.T, string) {
		return func(t *testing.T, name string) {
			if err := os.WriteFile(name, []byte(s), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	sparse := func(size int64) func(*testing.T, string) {
		return func(t *testing.T, name string) {
			text("{")(t, name)
			if err := os.Truncate(name, size); err != nil {
				t.Fatal(err)
			}
		}
	}
	secret := filepath.Join(write(t, t.TempDir(), map[string]string{"secret.txt": "leaked-name==1.0.0\n"}), "secret.txt")
	for name, c := range map[string]struct {
		file string
		make func(*testing.T, string)
		why  string
	}{
		"not JSON":      {"a/package-lock.json", text("<<<<<<< HEAD"), "line 1 is a mark of an unresolved merge conflict"},
		"200 MB":        {"a/package-lock.json", sparse(200 << 20), "the file has 200 MiB"},
		"cut":           {"a/package-lock.json", text(`{"packages":{"node_modules/a":{"version":"1`), "invalid JSON"},
		"dangling link": {"a/package-lock.json", link("nowhere"), "not a regular file"},
		"link outside":  {"a/package-lock.json", link("/etc/passwd"), "not a regular file"},
		"link loop":     {"a/package-lock.json", link("package-lock.json"), "not a regular file"},
		"a folder":      {"a/go.mod", func(t *testing.T, name string) { write(t, name, map[string]string{"x": ""}) }, "not a regular file"},
		"gone":          {"a/go.mod", func(*testing.T, string) {}, "cannot be read"},
		"LFS pointer":   {"a/requirements.txt", text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"), "Git LFS pointer"},
		"NUL":           {"a/requirements.txt", text("f\x00l\x00a\x00s\x00k\x00"), "not UTF-8 text"},
		"odd folder":    {"a: b\n\tc/go.mod", text("}"), "cannot be read as go/gomod"},
		"invalid UTF-8": {"a\xff/go.mod", text("}"), "cannot be read as go/gomod"},
		"includes none": {"a/requirements.txt", text("-r none.txt\n"), "not in the repository"},
		"includes host": {"a/requirements.txt", text(climb(secret)), "not in the repository"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, t.TempDir(), plain)
			full := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			c.make(t, full)
			var res gate.Result
			printed := gatetest.Printed(t, func() {
				var err error
				res, err = Scanner{}.Scan(context.Background(), gate.Input{
					Dir: dir, Files: []gate.File{{Path: c.file}, {Path: "go.mod"}}, Databases: databases(t, "Go"), Offline: true})
				if err != nil {
					t.Fatal(err)
				}
			})
			if len(res.Findings) != 2 || printed != "" {
				t.Errorf("findings %v, printed %q", res.Findings, printed)
			}
			if got := gaps(res); !strings.Contains(got, c.why) || strings.Contains(got, os.TempDir()+"/osv") {
				t.Errorf("gaps %q, want %q", got, c.why)
			}
			for _, p := range res.Packages {
				if strings.Contains(p.PURL, "leaked") {
					t.Errorf("a file of the machine is in the result: %s", p.PURL)
				}
			}
		})
	}
}

// climb includes a file of the machine from any depth.
func climb(name string) string {
	var b strings.Builder
	for n := range 20 {
		b.WriteString("-r " + strings.Repeat("../", n) + name + "\n")
	}
	return b.String()
}

// GP-GATE-8: a damaged database is an error.
func TestDamagedDatabase(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod})
	whole := databases(t, "Go")
	text, err := os.ReadFile(archive(whole, "Go"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, text...)
	flipped[len(text)/3] ^= 0x55
	for name, bytes := range map[string][]byte{"truncated": text[:len(text)/2], "cut at the end": text[:len(text)-1], "a flipped bit": flipped, "nothing": {}} {
		dbs := write(t, t.TempDir(), map[string]string{"osv-scalibr/Go/all.zip": string(bytes)})
		res, err := Scanner{}.Scan(context.Background(), selected(t, gate.Input{Dir: dir, Databases: dbs, Offline: true}))
		if err == nil || !strings.Contains(err.Error(), "all.zip") {
			t.Errorf("%s: error %v, findings %v", name, err, res.Findings)
		}
	}
	none := t.TempDir()
	pack(t, archive(none, "Go"), nil)
	if res := scan(t, gate.Input{Dir: dir, Databases: none}); !strings.Contains(gaps(res), "is empty") {
		t.Errorf("a database without advisories: %q", gaps(res))
	}
}

// An advisory that the library cannot parse is reported if it may be about a package.
func TestAdvisoryOfTomorrow(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod})
	for text, want := range map[string]bool{
		`{"id":"GO-1","field_of_tomorrow":1,"affected":[{"package":{"name":"golang.org\/x\/net","ecosystem":"Go"}}]}`: true,
		`{"id":"GO-1","field_of_tomorrow":1,"affected":[{"package":{"name":"example.com/other","ecosystem":"Go"}}]}`:  false,
		`{"id":"GO-1","affected_tomorrow":[{"package":{"name":"golang.org/x/net","ecosystem":"Go"}}]}`:                true,
		`{"id":"GO-1"`: true,
		`{"id":"GO-1","modified":"yesterday","affected":[{"package":{"name":"example.com/other","ecosystem":"Go"}}]}`:                                   true,
		`{"id":"GO-1","withdrawn":"2024-01-01T00:00:00Z","affected":[{"package":{"name":"golang.org/x/net","ecosystem":"Go"}, "versions":["0.20.0"]}]}`: false,
	} {
		dbs := t.TempDir()
		pack(t, archive(dbs, "Go"), map[string]string{"GO-1.json": text})
		res := scan(t, gate.Input{Dir: dir, Databases: dbs})
		if got := strings.Contains(gaps(res), "1 advisory for Go"); got != want || len(res.Findings) != 0 {
			t.Errorf("%s: reported %v, want %v, findings %v", text, got, want, res.Findings)
		}
	}
}

// Names of files and packages are outside text.
func TestHostileNames(t *testing.T) {
	advisory := `{"id":"MAL-2026-1","aliases":["GHSA-xxxx"],"summary":"a\n::error::b","affected":[{"package":{"name":"$(id)\n::x::","ecosystem":"npm"},"versions":["1.0.0"]}]}`
	other := `{"id":"GHSA-1","published":"2026-01-02T00:00:00Z","affected":[{"package":{"name":"-x; rm -rf $HOME","ecosystem":"npm"},
		"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]}]}`
	dbs := t.TempDir()
	pack(t, archive(dbs, "npm"), map[string]string{"MAL-2026-1.json": advisory, "GHSA-1.json": other})
	dir := write(t, t.TempDir(), map[string]string{"a\n::error::/$(id)/package-lock.json": `{"lockfileVersion":3,"packages":{
		"node_modules/a":{"name":"$(id)\n::x::","version":"1.0.0"},"node_modules/b":{"name":"-x; rm -rf $HOME","version":"1.0.0"}}}`})
	res := scan(t, gate.Input{Dir: dir, Databases: dbs})
	if len(res.Findings) != 2 || len(res.Missing) != 0 {
		t.Fatalf("%+v", res)
	}
	var fixes []string
	for _, f := range res.Findings {
		if f.At.Path != "a\n::error::/$(id)/package-lock.json" || strings.Contains(f.Message, "\n") {
			t.Errorf("%+v", f)
		}
		fixes = append(fixes, f.Fix)
	}
	want := []string{`remove "$(id)\n::x::": it is malicious; rotate every secret of the machines that installed it`, `update "-x; rm -rf $HOME" to "2.0.0"`}
	if diff := cmp.Diff(want, fixes); diff != "" {
		t.Error(diff)
	}
	if f := res.Findings[0]; f.Rule != "MAL-2026-1" || f.Severity != "critical" || f.Rated != "malicious package, MAL-2026-1" {
		t.Errorf("%+v", f)
	}
}
