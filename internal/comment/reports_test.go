package comment

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// encoded is a report as its command wrote it.
func encoded(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadReports(t *testing.T) {
	test := encoded(t, &report.Report{Name: "test", Verdict: report.Pass, Title: "passed"})
	gate := encoded(t, &report.Report{Name: "security-gate", Verdict: report.Fail, Title: "1 finding"})
	preview := encoded(t, &report.Report{Name: "preview-up", Verdict: report.Pass})
	for name, tc := range map[string]struct {
		files   map[string]string
		reports []string
		refused []string
	}{
		"nothing":              {nil, nil, nil},
		"in the comment's way": {map[string]string{"a": test, "b.html": gate}, []string{"security-gate", "test"}, nil},
		"the preview's":        {map[string]string{"a": preview}, nil, []string{`not published: report "preview-up" has no section in the comment`}},
		"twice":                {map[string]string{"a": test, "b": test}, []string{"test"}, []string{"not published: the artifact contains a second report named test"}},
		"another schema":       {map[string]string{"a": strings.Replace(test, ".test/v1", ".battery/v1", 1)}, nil, []string{`not published: not a report: schema "goldenpath.battery/v1" does not match name "test"`}},
		"more than a report":   {map[string]string{"a": test + "{}"}, nil, []string{"not published: not a report: "}},
		"too large":            {map[string]string{"a": strings.Repeat(" ", maxReport) + test, "b": gate}, []string{"security-gate"}, []string{"not published: larger than 2 MiB"}},
		"the greatest":         {map[string]string{"a": test + strings.Repeat(" ", maxReport-len(test))}, []string{"test"}, nil},
		"a hostile name":       {map[string]string{"<b>@acme": "x"}, nil, []string{"not published: not a report: "}},
	} {
		all, checks, err := readReports(writeFiles(t, tc.files))
		var reports, refused []string
		for _, r := range all {
			reports = append(reports, r.Name)
		}
		for i, c := range checks {
			got := c.Result
			if i < len(tc.refused) && strings.HasSuffix(tc.refused[i], ": ") && strings.HasPrefix(got, tc.refused[i]) {
				got = tc.refused[i]
			}
			refused = append(refused, got)
			if c.State != report.Failed || strings.Contains(c.Name+c.Result+c.Note, "acme") {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if diff := cmp.Diff(tc.reports, reports); err != nil || diff != "" {
			t.Errorf("%s: %v, reports:\n%s", name, err, diff)
		}
		if diff := cmp.Diff(tc.refused, refused); diff != "" {
			t.Errorf("%s: refused:\n%s", name, diff)
		}
	}
}

// TestReadReportsOpensNoLink proves GP-SAFE-2: nothing but a regular file of the folder
// is opened, so that nothing is read from elsewhere and nothing never ends.
func TestReadReportsOpensNoLink(t *testing.T) {
	test := encoded(t, &report.Report{Name: "test", Verdict: report.Pass})
	outside := writeFiles(t, map[string]string{"report": test})
	dir := writeFiles(t, map[string]string{"ok": encoded(t, &report.Report{Name: "battery", Verdict: report.Pass})})
	for link, to := range map[string]string{"1": filepath.Join(outside, "report"), "2": "/dev/zero", "3": "ok", "4": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "5"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "6"), 0o755); err != nil {
		t.Fatal(err)
	}
	all, refused, err := readReports(dir)
	if err != nil || len(all) != 1 || all[0].Name != "battery" || len(refused) != 6 {
		t.Fatalf("%d reports, refused %+v, %v", len(all), refused, err)
	}
	for _, c := range refused {
		if c.Result != "not published: not a regular file" {
			t.Errorf("%+v", c)
		}
	}
}

func TestReadReportsOfManyFiles(t *testing.T) {
	many := map[string]string{}
	for i := range maxReports + 1 {
		many[fmt.Sprint(i)] = encoded(t, &report.Report{Name: "test", Verdict: report.Pass})
	}
	all, refused, err := readReports(writeFiles(t, many))
	if err != nil || len(all) != 0 || len(refused) != 1 || refused[0].Result != "more than 8 entries: none of them was published" {
		t.Errorf("%d reports, %+v, %v", len(all), refused, err)
	}
	dir := writeFiles(t, map[string]string{"file": ""})
	for _, bad := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "file")} {
		if _, _, err := readReports(bad); err == nil || !strings.Contains(err.Error(), "download the artifact into a folder first") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
