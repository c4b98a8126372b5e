package database

import (
	"bytes"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const kevText = `{
  "title": "CISA Catalog of Known Exploited Vulnerabilities",
  "catalogVersion": "2026.11.20",
  "dateReleased": "2026-11-20T15:01:14.1029Z",
  "count": 2,
  "vulnerabilities": [
    {"cveID": "CVE-2021-44228", "vendorProject": "Apache", "product": "Log4j2", "dateAdded": "2021-12-10", "dueDate": "2021-12-24", "cwes": ["CWE-20"]},
    {"cveID": "CVE-2024-3094", "vendorProject": "XZ", "product": "Utils", "dateAdded": "2024-04-02", "notes": ""}
  ]
}
`

const epssText = "#model_version:v2026.06.15,score_date:2026-11-21T00:00:00+0000\ncve,epss,percentile\n" +
	"CVE-2021-44228,0.94358,0.99957\nCVE-2024-3094,0.84,0.99\nCVE-1999-0001,0.0046,0.7385\n"

// TestExploits proves GP-GATE-8: KEV and EPSS come with a digest and a time, and
// are joined to findings by any name.
func TestExploits(t *testing.T) {
	kev, epss := serve(t, content([]byte(kevText), noon)), serve(t, status(404))
	second := serve(t, content(zipped(t, epssText), noon))
	c := &clock{now: noon}
	o := options(t, c)
	o.Ecosystems, o.Exploits, o.KEVMirrors, o.EPSSMirrors = nil, true, []string{kev.URL}, []string{epss.URL, second.URL}
	if days, db, err := KEV(o.Dir); days != nil || db != nil || err != nil {
		t.Fatalf("before: %v, %v, %v", days, db, err)
	}
	got, err := Update(t.Context(), o)
	if err != nil || len(got) != 2 || got[0].State != Fetched || got[1].State != Fetched {
		t.Fatalf("%+v, %v", got, err)
	}
	needed, err := o.Needed()
	if gaps := Judge(o.Dir, needed, noon, 0); err != nil || gaps != nil {
		t.Errorf("gaps: %v, %v", gaps, err)
	}
	days, db, err := KEV(o.Dir)
	if err != nil || *db != got[0].Database {
		t.Fatalf("%v, %v, want %v", err, db, got[0].Database)
	}
	scores, db, err := EPSS(o.Dir)
	if err != nil || *db != got[1].Database || !db.Time.Equal(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%v, %v, want %v", err, db, got[1].Database)
	}
	findings := []report.Finding{
		{Rule: "GHSA-jfh8-c2jp-5v3q", Aliases: []string{"cve-2021-44228", "CVE-1999-0001"}},
		{Rule: "CVE-1999-0001"},
		{Rule: "CVE-2024-9999", EPSS: 0.1, Exploited: "2025-01-01"},
		{Rule: "CVE-2024-3094", Aliases: []string{"CVE-2021-44228"}},
	}
	want := []report.Finding{
		{Rule: "GHSA-jfh8-c2jp-5v3q", Aliases: []string{"cve-2021-44228", "CVE-1999-0001"}, Exploited: "2021-12-10", EPSS: 0.94358},
		{Rule: "CVE-1999-0001", EPSS: 0.0046},
		{Rule: "CVE-2024-9999", EPSS: 0.1, Exploited: "2025-01-01"},
		{Rule: "CVE-2024-3094", Aliases: []string{"CVE-2021-44228"}, Exploited: "2021-12-10", EPSS: 0.94358},
	}
	Join(findings, nil, nil)
	if findings[0].Exploited != "" || findings[0].EPSS != 0 {
		t.Error("joined with nothing")
	}
	Join(findings, days, scores)
	if d := cmp.Diff(want, findings); d != "" {
		t.Error(d)
	}

	t.Run("GP-GATE-8 EPSS is as old as its scores", func(t *testing.T) {
		later := noon.Add(8 * 24 * time.Hour)
		gaps := Judge(o.Dir, needed, later, 0)
		want := []gate.Gap{
			{What: "kev", Why: "is 8 days old (at most 7 days)", Remedy: gate.UpdateCommand},
			{What: "epss", Why: "is 8 days old (at most 7 days)", Remedy: gate.UpdateCommand},
		}
		if d := cmp.Diff(want, gaps); d != "" {
			t.Error(d)
		}
		c.now = later
		got, err := Update(t.Context(), o)
		if err == nil || got[0].State != Unchanged || got[0].Age != 0 || got[1].State != Stale || !strings.Contains(err.Error(), "cannot update epss: the existing copy is 8 days old") {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("GP-GATE-8 a broken one is an error", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(o.Dir, "kev/known_exploited_vulnerabilities.json"), []byte(kevText[:300]), 0o644); err != nil {
			t.Fatal(err)
		}
		if days, _, err := KEV(o.Dir); err == nil || days != nil {
			t.Errorf("%v, %v", days, err)
		}
	})
}

// TestByHand proves GP-GATE-8: a file without its source is dated by itself, and
// what cannot be dated is a gap.
func TestByHand(t *testing.T) {
	dir := t.TempDir()
	for path, body := range map[string][]byte{
		"osv-scalibr/Go/all.zip":                   advisories(t, "GO-2026-0001"), // its entries have no time
		"osv-scalibr/npm/all.zip":                  timed(t, noon.Add(-48*time.Hour)),
		"osv-scalibr/PyPI/all.zip":                 []byte("<html>"),
		"trivy/db/trivy.db":                        bolt,
		"trivy/db/metadata.json":                   dated(noon.Add(-8 * 24 * time.Hour)).body,
		"kev/known_exploited_vulnerabilities.json": []byte(kevText),
		"epss/epss_scores-current.csv.gz":          []byte(epssText), // some servers unpack it
	} {
		file := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	needed := []string{"osv/Go", "osv/npm", "osv/PyPI", "osv/Maven", "osv/../../etc", TrivyDB, TrivyJavaDB, Exploited, Scores}
	var said []string
	for _, g := range Judge(dir, needed, noon, 0) {
		said = append(said, g.What+": "+strings.ReplaceAll(g.Why, dir, "DIR"))
	}
	want := []string{
		"osv/Go: has an unknown age",
		"osv/PyPI: is damaged: cannot read osv-scalibr/PyPI/all.zip: zip: not a valid zip file",
		"osv/Maven: is not in DIR",
		`osv/../../etc: is damaged: "osv/../../etc" is not the name of a database`,
		"trivy-db: is 8 days old (at most 7 days)",
		"trivy-java-db: is not in DIR",
	}
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
	if gaps := Judge(filepath.Join(dir, "none"), needed, noon, 0); len(gaps) != len(needed) {
		t.Errorf("no folder: %v", gaps)
	}
	if gaps := Judge("", needed[:1], noon, 0); len(gaps) != 1 || gaps[0].Why != "is not in the databases: no folder was given" {
		t.Errorf("no folder: %v", gaps)
	}
}

// TestAge: a time that is in the future does not make a database young for ever.
func TestAge(t *testing.T) {
	for _, test := range []struct {
		source Source
		age    time.Duration
		known  bool
	}{
		{Source{Name: "osv/Go"}, 0, false},
		{Source{Name: "osv/Go", Checked: noon.Add(-time.Hour), Upstream: noon.Add(-1000 * time.Hour)}, time.Hour, true},
		{Source{Name: "osv/Go", Upstream: noon.Add(-2 * time.Hour)}, 2 * time.Hour, true},
		{Source{Name: TrivyDB, Checked: noon, Upstream: noon.Add(-1000 * time.Hour)}, 1000 * time.Hour, true},
		{Source{Name: TrivyDB, Checked: noon}, 0, false},
		{Source{Name: TrivyDB, Upstream: noon.Add(time.Hour)}, 0, true},
		{Source{Name: TrivyDB, Upstream: noon.Add(25 * time.Hour)}, 0, false},
		{Source{Name: "osv/Go", Checked: noon.Add(25 * time.Hour)}, 0, false},
	} {
		if age, known := test.source.Age(noon); age != test.age || known != test.known {
			t.Errorf("%+v: %s, %t", test.source, age, known)
		}
	}
}

func TestKEVRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "not a JSON object",
		"[]":                      "not a JSON object",
		"<!DOCTYPE html>":         "not a JSON object",
		"{}":                      "the list of vulnerabilities is missing",
		`{"vulnerabilities":[]}`:  "the list of vulnerabilities is missing",
		`{"vulnerabilities":{}}`:  "not a list",
		kevText[:len(kevText)-10]: "EOF",
		kevText + "{}":            "the file continues after",
		strings.Replace(kevText, `"count": 2`, `"count": 3`, 1):                                                              "the catalogue states 3 entries but has 2",
		strings.Replace(kevText, "2021-12-10", "yesterday", 1):                                                               `entry 1: "yesterday" is not a date`,
		strings.Replace(kevText, "CVE-2024-3094", "GHSA-x", 1):                                                               `entry 2: "GHSA-x" is not a CVE id`,
		strings.Replace(kevText, `"count": 2`, `"vulnerabilities": [{"cveID":"CVE-2024-3094","dateAdded":"2024-04-02"}]`, 1): "two lists",
	} {
		if found, _, err := parseKEV(strings.NewReader(text), limits{}.orDefault()); err == nil || found != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	if _, _, err := parseKEV(strings.NewReader(kevText), limits{text: 100}.orDefault()); err == nil {
		t.Error("too long, and no error")
	}
	// Not too long, but for what follows.
	if _, _, err := parseKEV(strings.NewReader(kevText+strings.Repeat(" ", 1000)), limits{text: int64(len(kevText) + 10)}.orDefault()); err == nil || !strings.Contains(err.Error(), "the catalogue has more than") {
		t.Errorf("too long: %v", err)
	}
}

func TestEPSSRefused(t *testing.T) {
	const head = "cve,epss,percentile\n"
	whole := zipped(t, epssText)
	for text, want := range map[string]string{
		"":                                    "cannot read the columns of the table: EOF",
		"#":                                   "cannot read the first line of the table",
		"#" + strings.Repeat("x", 1<<16):      "cannot read the first line of the table",
		"#score_date:yesterday\n" + head:      `"yesterday" is not a date`,
		"<!DOCTYPE html>":                     "the columns cve and epss are missing",
		head:                                  "the table has no scores",
		head + "CVE-2024-3094,1.5,1\n":        `"1.5" is not a probability`,
		head + "CVE-2024-3094,NaN,1\n":        `"NaN" is not a probability`,
		head + "CVE-2024-3094,-0.1,1\n":       `"-0.1" is not a probability`,
		head + "CVE-2024-3094,,1\n":           `"" is not a probability`,
		head + "CVE-2024-3094\n":              "wrong number of fields",
		head + "GHSA,0.1,1\n":                 `line 2 of the table: "GHSA" is not a CVE id`,
		string(whole[:len(whole)-12]):         "EOF",
		string(append(bytes.Clone(whole), 1)): "EOF",
	} {
		if found, _, err := parseEPSS(strings.NewReader(text), limits{}.orDefault()); err == nil || found != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	bomb := zipped(t, epssText+strings.Repeat("CVE-1999-0001,0,0\n", 1<<16))
	if _, _, err := parseEPSS(bytes.NewReader(bomb), limits{plain: 1 << 16}.orDefault()); err == nil || !strings.Contains(err.Error(), "the table has more than 65536 bytes") {
		t.Errorf("bomb: %v", err)
	}
}

func FuzzKEV(f *testing.F) {
	f.Add([]byte(kevText))
	f.Add([]byte(`{"vulnerabilities":[{"cveID":"CVE-2024-3094","dateAdded":"2024-04-02"}],"x":{"y":[[[]]]}}`))
	f.Add([]byte(`{"vulnerabilities":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, _, err := parseKEV(bytes.NewReader(text), limits{}.orDefault())
		if (err == nil) != (len(found) > 0) {
			t.Fatalf("%d entries, %v", len(found), err)
		}
		for id, day := range found {
			if _, err := time.Parse(time.DateOnly, day); err != nil || !strings.HasPrefix(id, "CVE-") {
				t.Errorf("%q, %q", id, day)
			}
		}
	})
}

func FuzzEPSS(f *testing.F) {
	f.Add([]byte(epssText))
	f.Add([]byte("cve,epss\n\"CVE-2024-3094\",1e-3\n"))
	f.Add(zipped(f, epssText))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, _, err := parseEPSS(bytes.NewReader(text), limits{plain: 1 << 20}.orDefault())
		if (err == nil) != (len(found) > 0) {
			t.Fatalf("%d scores, %v", len(found), err)
		}
		for id, p := range found {
			if p < 0 || p > 1 || math.IsNaN(p) || !strings.HasPrefix(id, "CVE-") {
				t.Errorf("%q, %v", id, p)
			}
		}
	})
}

// FuzzLayer reads a layer; whatever is in it, only the two files come of it.
func FuzzLayer(f *testing.F) {
	f.Add(layer(f, entry{name: "trivy.db", body: bolt}, dated(noon)))
	f.Add(layer(f, entry{name: "../x", body: bolt}))
	f.Add(zipped(f, "x"))
	f.Fuzz(func(t *testing.T, blob []byte) {
		dir := t.TempDir()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		o := Options{Now: func() time.Time { return noon }, limits: limits{trivy: 1 << 20}}.withDefaults()
		u := &update{Options: o, root: root}
		s := &Source{Name: TrivyDB, Fetched: noon}
		err = u.unpack(t.Context(), &meter{Reader: bytes.NewReader(blob), report: o.Progress}, trivyDB(o.limits), s, nil)
		_, there := os.Stat(filepath.Join(dir, "trivy/db/trivy.db"))
		if (err == nil) != (there == nil) || len(leftovers(t, dir)) > 0 {
			t.Errorf("%v, %v, %v", err, there, leftovers(t, dir))
		}
	})
}

// FuzzSource reads what may stand beside a file of a restored folder.
func FuzzSource(f *testing.F) {
	f.Add([]byte(`{"name":"osv/Go","size":6,"checked":"2026-11-21T12:00:00Z"}`))
	f.Add([]byte(`{"size":6,"upstream":"9999-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		file := filepath.Join(dir, "osv-scalibr/Go/all.zip")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, body := range map[string][]byte{file: []byte("<html>"), file + ".source.json": text} {
			if err := os.WriteFile(name, body, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Read(dir, "osv/Go")
		if (err == nil) != (s != nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if s != nil && s.Name != "osv/Go" {
			t.Errorf("it is named %q", s.Name)
		}
		Judge(dir, []string{"osv/Go"}, noon, 0)
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7")
	f.Add("-1")
	f.Add(noon.Format(http.TimeFormat))
	f.Fuzz(func(t *testing.T, text string) {
		if d := retryAfter(text, noon); d < 0 {
			t.Errorf("%q: %s", text, d)
		}
	})
}
