package gate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const good = `version: 1
waivers:
  - id: CVE-2026-1
    reason: not reachable from our code
    owner: ann
    expires: 2026-12-31
    ticket: SHOP-7
  - rule: generic-api-key
    path: testdata/*.env
    reason: a fixture, not a key
    owner: bob
    expires: 2026-11-30
`

// TestReadWaivers proves GP-GATE-5: every mistake of the file is named with its
// line, and the gate goes on without none of it.
func TestReadWaivers(t *testing.T) {
	one := func(lines ...string) string {
		return "version: 1\nwaivers:\n  - id: CVE-2026-1\n    reason: not reachable from our code\n    owner: ann\n    expires: 2026-12-31\n  - " + strings.Join(lines, "\n    ") + "\n"
	}
	const reason, owner, expires = "reason: not reachable from our code", "owner: ann", "expires: 2026-12-31"
	for name, test := range map[string]struct {
		yaml string
		want string // the problems; "": none
	}{
		"good":          {good, ""},
		"no waivers":    {"version: 1\n", ""},
		"an empty list": {"version: 1\nwaivers: []\n", ""},
		"the last day":  {one("id: CVE-2", reason, owner, "expires: 2027-05-20"), ""},
		"long past":     {one("id: CVE-2", reason, owner, "expires: 2020-01-01"), ""}, // expired, which is not a mistake
		"quoted":        {one(`id: "CVE-2"`, reason, owner, `expires: "2026-12-31"`), ""},

		"empty":                               {"", "w.yml:1:1 version must be 1"},
		"only a comment":                      {"# nothing\n", "w.yml:1:1 version must be 1"},
		"no version":                          {"waivers: []\n", "w.yml:1:1 version must be 1"},
		"another version":                     {"version: 2\n", "w.yml:1:1 version must be 1"},
		"no reason":                           {one("id: CVE-2", owner, expires), "w.yml:7:1 missing reason: explain in 10 characters or more why this is acceptable until then"},
		"a thin reason":                       {one("id: CVE-2", "reason: fine", owner, expires), "w.yml:7:1 missing reason: explain in 10 characters or more why this is acceptable until then"},
		"no owner":                            {one("id: CVE-2", reason, "owner: '  '", expires), "w.yml:7:1 missing owner: name the person or team that reviews it"},
		"an owner without visible characters": {one("id: CVE-2", reason, "owner: \"\\u200b\"", expires), "w.yml:7:1 missing owner: name the person or team that reviews it"},
		"a reason without visible characters": {one("id: CVE-2", "reason: \"a\\u200b\\u200b\\u200b\\u200b\\u200b\\u200b\\u200b\\u200b\\u200b\"", owner, expires), "w.yml:7:1 missing reason: explain in 10 characters or more why this is acceptable until then"},
		"everything, otherwise":               {one("rule: R1", "path: '**/?*'", reason, owner, expires), `w.yml:7:1 path "**/?*" matches the whole repository: name a file or a folder, or accept everything that exists now with security-gate baseline`},
		"everything, by choice":               {one("rule: R1", "path: '{**,x}'", reason, owner, expires), `w.yml:7:1 path "{**,x}" matches the whole repository: name a file or a folder, or accept everything that exists now with security-gate baseline`},
		"all of a kind":                       {one("rule: R1", "path: '**/*.env'", reason, owner, expires), ""},
		"no expiry":                           {one("id: CVE-2", reason, owner), "w.yml:7:1 missing expires: the last day on which it applies, such as 2026-12-21"},
		"a bad date":                          {one("id: CVE-2", reason, owner, "expires: tomorrow"), `w.yml:7:1 expires "tomorrow" is not a date such as 2026-12-21`},
		"a day there is not":                  {one("id: CVE-2", reason, owner, "expires: 2026-02-30"), `w.yml:7:1 expires "2026-02-30" is not a date such as 2026-12-21`},
		"too long":                            {one("id: CVE-2", reason, owner, "expires: 2027-05-21"), "w.yml:7:1 expires 2027-05-21 is more than 180 days away: choose an earlier day"},
		"names nothing":                       {one(reason, owner, expires), "w.yml:7:1 a waiver names one of id, fingerprint, purl, id with purl, or rule with path"},
		"names two":                           {one("id: CVE-2", "fingerprint: f", reason, owner, expires), "w.yml:7:1 a waiver names one of id, fingerprint, purl, id with purl, or rule with path"},
		"a rule everywhere":                   {one("rule: R1", reason, owner, expires), "w.yml:7:1 rule and path go together"},
		"a path without":                      {one("id: CVE-2", "path: '*'", reason, owner, expires), "w.yml:7:1 rule and path go together"},
		"no glob":                             {one("rule: R1", "path: '[a'", reason, owner, expires), `w.yml:7:1 path "[a" is not a glob relative to the repository`},
		"every mistake at once": {"version: 3\nwaivers:\n  - reason: fine\n\n  -\n    id: CVE-2\n    reason: not reachable from our code\n    expires: x\n", strings.Join([]string{
			"w.yml:1:1 version must be 1",
			"w.yml:3:1 a waiver names one of id, fingerprint, purl, id with purl, or rule with path",
			"w.yml:3:1 missing reason: explain in 10 characters or more why this is acceptable until then",
			"w.yml:3:1 missing owner: name the person or team that reviews it",
			"w.yml:3:1 missing expires: the last day on which it applies, such as 2026-12-21",
			"w.yml:6:1 missing owner: name the person or team that reviews it",
			`w.yml:6:1 expires "x" is not a date such as 2026-12-21`,
		}, "\n")},
		"an unknown key":       {one("id: CVE-2", reason, owner, expires, "until: 2026-12-31"), `w.yml:11:5 unknown field "until"`},
		"an unknown key above": {"version: 1\nignore: []\n", `w.yml:2:1 unknown field "ignore"`},
		"a key twice":          {one("id: CVE-2", reason, owner, expires, "owner: eve"), `w.yml:11:5 mapping key "owner" already defined at [9:5]`},
		"a list twice":         {"version: 1\nwaivers: []\nwaivers: []\n", `w.yml:3:1 mapping key "waivers" already defined at [2:1]`},
		"an alias":             {"version: 1\nwaivers: &w\n  - id: CVE-2\n", "w.yml:2:1 anchors, aliases and tags are not accepted: write the value out"},
		"a merge":              {"version: 1\nwaivers:\n  - <<: {owner: ann}\n    id: CVE-2\n", "w.yml:3:1 anchors, aliases and tags are not accepted: write the value out"},
		"a tag":                {"version: 1\nwaivers:\n  ! 0\n", "w.yml:3:1 anchors, aliases and tags are not accepted: write the value out"},
		"a second document":    {"version: 1\n---\nversion: 1\nwaivers: []\n", "w.yml:1:1 has 2 documents (---): keep all waivers in one"},
		"a list, no mapping":   {"- id: CVE-2\n", "w.yml:1:1 "},
		"a word, no list":      {"version: 1\nwaivers: all\n", "w.yml:2:10 "},
		"no YAML":              {"version: 1\nwaivers: [\n", "w.yml:"},
		"control characters":   {"version: 1\n\x1b[31m: x\n", "w.yml:"},
		"a line of commands":   {"version: 1\nwaivers:\n  - id: CVE-2\n    \"::error::x\\n::error::y\": 1\n", `w.yml:4:5 unknown field "::error::x`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := parseWaivers("w.yml", []byte(test.yaml), WaiverMaxAge, now)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if report.ExitCode(nil, err) != report.ExitUsage || all != nil {
				t.Fatalf("%v, error %v", all, err)
			}
			if got := err.Error(); got != test.want && (!strings.HasSuffix(test.want, " ") && !strings.HasSuffix(test.want, ":") && !strings.Contains(test.want, "::error") || !strings.HasPrefix(got, test.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if strings.Contains(err.Error(), "\x1b") || strings.Contains(err.Error(), "\n::") {
				t.Errorf("error %q", err)
			}
		})
	}
	all, err := parseWaivers("w.yml", []byte(good), WaiverMaxAge, now)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if w := all[0]; w.ID != "CVE-2026-1" || w.Owner != "ann" || w.Ticket != "SHOP-7" || w.line != 3 || !w.until.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", w)
	}
}

// TestHostileWaivers proves GP-SAFE-2: a file of a change can cost neither time
// nor memory.
func TestHostileWaivers(t *testing.T) {
	bomb := "version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		before := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+before+",", 9) + "]\n"
	}
	for name, content := range map[string]string{
		"a bomb of aliases": bomb,
		"too large":         "version: 1\n#" + strings.Repeat("x", maxWaivers),
		"a deep nest":       "version: 1\nwaivers: " + strings.Repeat("[", 20_000),
		"a deep mapping":    "version: 1\nwaivers: " + strings.Repeat("{a: ", 20_000),
		"a deep list":       "version: 1\nwaivers:\n  " + strings.Repeat("- ", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "w.yml"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if _, err := ReadWaivers(dir, "w.yml", WaiverMaxAge, now); report.ExitCode(nil, err) != report.ExitUsage || len(err.Error()) > 1000 {
				t.Errorf("error %.200v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestReadWaiversFile(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "w.yml")
	for name, test := range map[string]struct {
		make func(path string) error
		want string // problem; "": 2 waivers; "none": no waivers
	}{
		"there":     {func(path string) error { return os.WriteFile(path, []byte(good), 0o600) }, ""},
		"not there": {func(string) error { return nil }, "none"},
		"a link inside": {func(path string) error {
			return errors.Join(os.WriteFile(path+".real", []byte(good), 0o600), os.Symlink("w.yml.real", path))
		}, ""},
		"a link that leaves": {func(path string) error {
			return errors.Join(os.WriteFile(outside, []byte(good), 0o600), os.Symlink(outside, path))
		}, "escapes"},
		"a link to nowhere": {func(path string) error { return os.Symlink("nowhere", path) }, "is a symbolic link to a file that does not exist"},
		"a device":          {func(path string) error { return os.Symlink("/dev/zero", path) }, "escapes"},
		"a pipe":            {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a regular file"},
		"a folder":          {func(path string) error { return os.Mkdir(path, 0o700) }, "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := errors.Join(os.Mkdir(filepath.Join(dir, ".goldenpath"), 0o700), test.make(filepath.Join(dir, ".goldenpath", "w.yml"))); err != nil {
				t.Fatal(err)
			}
			all, err := ReadWaivers(dir, ".goldenpath/w.yml", WaiverMaxAge, now)
			switch test.want {
			case "":
				if err != nil || len(all) != 2 {
					t.Errorf("%v, %v", all, err)
				}
			case "none":
				if err != nil || all != nil {
					t.Errorf("%v, %v", all, err)
				}
			default:
				if report.ExitCode(nil, err) != report.ExitUsage || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %q", err, test.want)
				}
			}
		})
	}
	if _, err := ReadWaivers(filepath.Join(t.TempDir(), "gone"), "w.yml", WaiverMaxAge, now); err != nil {
		t.Errorf("no folder, no waivers: %v", err)
	}
	if _, err := ReadWaivers(t.TempDir(), "../w.yml", WaiverMaxAge, now); report.ExitCode(nil, err) != report.ExitUsage {
		t.Errorf("a path out of the checkout: %v", err)
	}
}

func FuzzWaivers(f *testing.F) {
	f.Add(good)
	f.Add("version: 1\nwaivers: [{id: x, <<: *a}]\n---\n")
	f.Fuzz(func(t *testing.T, s string) {
		all, err := parseWaivers("w.yml", []byte(s), WaiverMaxAge, now)
		if err != nil && report.ExitCode(nil, err) != report.ExitUsage {
			t.Errorf("error %v", err)
		}
		for _, w := range all {
			if w.Owner == "" || w.Reason == "" || w.until.After(now.Add(WaiverMaxAge+48*time.Hour)) {
				t.Errorf("accepted %+v", w)
			}
		}
	})
}

// TestWaive proves GP-GATE-5: what a waiver covers, until when, and what is said
// of the others.
func TestWaive(t *testing.T) {
	waiver := func(change func(*Waiver)) Waiver {
		w := Waiver{Reason: "not reachable from our code", Owner: "ann", Expires: "2026-12-31"}
		change(&w)
		if p := w.check(WaiverMaxAge, now); len(p) > 0 {
			t.Fatal(p)
		}
		return w
	}
	id := func(s string) func(*Waiver) { return func(w *Waiver) { w.ID = s } }
	rule := func(r, p string) func(*Waiver) { return func(w *Waiver) { w.Rule, w.Path = r, p } }
	until := func(day string, f func(*Waiver)) func(*Waiver) { return func(w *Waiver) { f(w); w.Expires = day } }
	vulnerability := vulnerable("GO-2026-1", report.High, net, "CVE-2026-1", "GHSA-x")
	key := finding("generic-api-key", report.High, "testdata/a.env", 3)
	key.Fingerprint = "f1"
	const covers = "until 2026-12-31 by ann: not reachable from our code"
	for name, test := range map[string]struct {
		finding report.Finding
		waivers []Waiver
		status  report.Status
		note    string
		row     string // state | note
	}{
		"by its id":             {vulnerability, []Waiver{waiver(id("GO-2026-1"))}, report.Waived, covers, "pass | "},
		"by an alias":           {vulnerability, []Waiver{waiver(id("GHSA-x"))}, report.Waived, covers, "pass | "},
		"by its fingerprint":    {key, []Waiver{waiver(func(w *Waiver) { w.Fingerprint = "f1" })}, report.Waived, covers, "pass | "},
		"by rule and path":      {key, []Waiver{waiver(rule("generic-api-key", "testdata/*.env"))}, report.Waived, covers, "pass | "},
		"by rule, another path": {key, []Waiver{waiver(rule("generic-api-key", "*.env"))}, report.New, "", "warn | generic-api-key matches no finding: remove it"},
		"by path, another rule": {key, []Waiver{waiver(rule("other", "testdata/*"))}, report.New, "", "warn | other matches no finding: remove it"},
		"part of an id":         {vulnerability, []Waiver{waiver(id("CVE-2026"))}, report.New, "", "warn | CVE-2026 matches no finding: remove it"},
		"expired": {vulnerability, []Waiver{waiver(until("2026-11-20", id("CVE-2026-1")))}, report.New,
			"expired on 2026-11-20 (ann): renew it on the base branch or fix the finding", "warn | CVE-2026-1 expired on 2026-11-20: renew or remove it"},
		"on its last day": {vulnerability, []Waiver{waiver(until("2026-11-21", id("CVE-2026-1")))}, report.Waived,
			"until 2026-11-21 by ann: not reachable from our code", "pass | CVE-2026-1 ends in 0 days"},
		"ends soon": {vulnerability, []Waiver{waiver(until("2026-12-01", id("CVE-2026-1")))}, report.Waived,
			"until 2026-12-01 by ann: not reachable from our code", "pass | CVE-2026-1 ends in 10 days"},
		"expired, and renewed": {vulnerability, []Waiver{waiver(until("2026-11-20", id("CVE-2026-1"))), waiver(id("GO-2026-1"))}, report.Waived, covers, "warn | CVE-2026-1 expired on 2026-11-20: renew or remove it"},
		"renewed, and expired": {vulnerability, []Waiver{waiver(id("GO-2026-1")), waiver(until("2026-11-20", id("CVE-2026-1")))}, report.Waived, covers, "warn | CVE-2026-1 expired on 2026-11-20: renew or remove it"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(finds("a", test.finding))
			o.Waivers = test.waivers
			r := answer(t, o)
			f := r.Findings[0]
			if f.Status != test.status || f.Waiver != test.note || f.Blocking != (test.status == report.New) {
				t.Errorf("%s, blocking %v, %q; want %s %q", f.Status, f.Blocking, f.Waiver, test.status, test.note)
			}
			row := r.Checks[len(r.Checks)-1]
			if got := string(row.State) + " | " + row.Note; row.Name != "waivers" || got != test.row {
				t.Errorf("row %s: %q, want %q", row.Name, got, test.row)
			}
		})
	}
	if diff := cmp.Diff(1, len(answer(t, options(finds("a"))).Checks)); diff != "" {
		t.Errorf("a row about no waivers: %s", diff)
	}
}

// GP-GATE-5: a release with a waiver accepts the finding only until the waiver ends. A
// pull request does not block for what the base branch has to renew.
func TestExpiredWaiverOfAKnownFinding(t *testing.T) {
	f := vulnerable("CVE-2026-1", report.High, net)
	f.Status = report.Known
	past := []Waiver{{ID: "CVE-2026-1", Reason: "not reachable", Owner: "ann", Expires: "2026-11-20", until: now.AddDate(0, 0, -1)}}
	for name, test := range map[string]struct {
		then, today []Waiver
		want        report.Status
	}{
		"a release, expired":        {past, past, report.New},
		"a release, entry removed":  {past, nil, report.New},
		"a pull request, expired":   {nil, past, report.Known},
		"a release without waivers": {nil, nil, report.Known},
	} {
		all := []report.Finding{f}
		lapse(all, nil, test.then)
		if waive(all, test.today, now); all[0].Status != test.want || (all[0].Waiver == "") != (len(test.then)+len(test.today) == 0) {
			t.Errorf("%s: %s %q, want %s", name, all[0].Status, all[0].Waiver, test.want)
		}
	}
	// A file that was renamed, and a waiver that names its old path.
	old := report.Finding{Rule: "DS-0002", Status: report.New, Severity: report.High, At: report.Location{Path: "Dockerfile"}, Fingerprint: "DS-0002:Dockerfile:x"}
	renamed := old
	renamed.At.Path, renamed.Fingerprint = "web/Dockerfile", "DS-0002:web/Dockerfile:x"
	found := []report.Finding{renamed}
	before := markKnown(found, []report.Finding{old}, map[string]string{"web/Dockerfile": "Dockerfile"}, nil)
	if found[0].Status != report.Known {
		t.Fatalf("renamed: %s", found[0].Status)
	}
	if lapse(found, before, []Waiver{{Rule: "DS-0002", Path: "Dockerfile", Owner: "ann", Expires: "2026-11-20"}}); found[0].Status != report.New {
		t.Errorf("a rename made an accepted finding known for ever: %s", found[0].Status)
	}
	renewed := append(past, Waiver{ID: "CVE-2026-1", Reason: "not reachable", Owner: "ann", Expires: "2026-12-31", until: now.AddDate(0, 1, 0)})
	all := []report.Finding{f}
	lapse(all, nil, renewed)
	if waive(all, renewed, now); all[0].Status != report.Waived {
		t.Errorf("renewed: %s", all[0].Status)
	}
}

// A waiver of a fact holds for the row that several scanners made of it, whatever
// the row is called.
func TestWaiveAcrossScanners(t *testing.T) {
	o := options(finds("osv-scanner", vulnerable("GO-1", report.High, net, "CVE-1")), finds("trivy", vulnerable("GHSA-1", report.Critical, net, "CVE-1")))
	o.Waivers = []Waiver{{ID: "GHSA-1", Reason: "not reachable", Owner: "ann", Expires: "2026-12-31", until: now.AddDate(0, 1, 0)}}
	if r := answer(t, o); r.Verdict != report.Pass || len(r.Findings) != 1 || r.Findings[0].Severity != report.Critical {
		t.Errorf("%s: %v", r.Verdict, lines(r))
	}
}
