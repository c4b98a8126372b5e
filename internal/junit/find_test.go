package junit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// tree makes a folder of files with a little content each.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFind proves which files a pattern means, and that a pattern without any is
// reported.
func TestFind(t *testing.T) {
	other := tree(t, "r.xml")
	dir := tree(t, "r.xml", "reports/a.xml", "reports/b.xml", "reports/c.txt", "reports/deep/d.xml", ".hidden/e.xml", "orders/target/TEST-o.xml",
		"services/billing/target/TEST-b.xml", "target/TEST-r.xml", "a[b]/f.xml", "folder.xml/inside.txt", "größe/maß 1.xml")
	if err := os.Symlink(other, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "reports", "loop")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		patterns  []string
		files     []string // relative to dir
		unmatched []string
	}{
		"one":                       {[]string{"r.xml"}, []string{"r.xml"}, nil},
		"a star":                    {[]string{"reports/*.xml"}, []string{"reports/a.xml", "reports/b.xml"}, nil},
		"two stars":                 {[]string{"**/target/TEST-*.xml"}, []string{"orders/target/TEST-o.xml", "services/billing/target/TEST-b.xml", "target/TEST-r.xml"}, nil},
		"two stars in a folder":     {[]string{"reports/**/*.xml"}, []string{"reports/a.xml", "reports/b.xml", "reports/deep/d.xml"}, nil},
		"two stars, all files":      {[]string{"reports/**"}, []string{"reports/a.xml", "reports/b.xml", "reports/c.txt", "reports/deep/d.xml"}, nil},
		"alternatives":              {[]string{"reports/{a,deep/d}.xml"}, []string{"reports/a.xml", "reports/deep/d.xml"}, nil},
		"a class":                   {[]string{"reports/[ab].xml"}, []string{"reports/a.xml", "reports/b.xml"}, nil},
		"a plain bracket":           {[]string{`a\[b\]/*.xml`}, []string{"a[b]/f.xml"}, nil},
		"not ASCII, and a blank":    {[]string{"größe/maß *.xml"}, []string{"größe/maß 1.xml"}, nil},
		"a hidden folder":           {[]string{"**/e.xml"}, []string{".hidden/e.xml"}, nil},
		"in the folder":             {[]string{"./reports/../r.xml"}, []string{"r.xml"}, nil},
		"with blanks around":        {[]string{" r.xml "}, []string{"r.xml"}, nil},
		"none":                      {nil, nil, nil},
		"an empty one":              {[]string{"", " "}, nil, nil},
		"below a link, named":       {[]string{"link/**/*.xml"}, []string{"link/r.xml"}, nil},
		"a link to a folder, named": {[]string{"link/*.xml"}, []string{"link/r.xml"}, nil},
		"absolute":                  {[]string{filepath.Join(other, "*.xml")}, []string{"../" + filepath.Base(other) + "/r.xml"}, nil},
		"above":                     {[]string{"../" + filepath.Base(other) + "/r.xml"}, []string{"../" + filepath.Base(other) + "/r.xml"}, nil},
		"each once":                 {[]string{"reports/b.xml", "reports/*.xml", filepath.Join(dir, "reports/a.xml")}, []string{"reports/b.xml", "reports/a.xml"}, nil},
		"no file":                   {[]string{"r.xml", "reports/e2e/*.xml"}, []string{"r.xml"}, []string{"reports/e2e/*.xml"}},
		"no file, absolute":         {[]string{"/nowhere/r.xml"}, nil, []string{"/nowhere/r.xml"}},
		"only a folder":             {[]string{"reports"}, nil, []string{"reports"}},
		"only a folder like a file": {[]string{"folder.xml"}, nil, []string{"folder.xml"}},
		"only the folder":           {[]string{"."}, nil, []string{"."}},
		"only the folder above":     {[]string{".."}, nil, []string{".."}},
		"another case":              {[]string{"R.XML"}, nil, []string{"R.XML"}},
	} {
		t.Run(name, func(t *testing.T) {
			files, unmatched, err := Find(dir, test.patterns...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range files {
				rel, err := filepath.Rel(dir, f)
				if err != nil || !filepath.IsAbs(f) {
					t.Error(f, err)
				}
				got = append(got, rel)
			}
			if diff := cmp.Diff(test.files, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.unmatched, unmatched); diff != "" {
				t.Errorf("unmatched (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFindUsage proves that a pattern that cannot be answered is a usage error
// with the pattern or the file in it.
func TestFindUsage(t *testing.T) {
	dir := tree(t, "reports/a.xml")
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.xml")); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"[":               `junit: "[" is not a valid glob pattern`,
		"a/{b":            `junit: "a/{b" is not a valid glob pattern`,
		"reports/a.xml/*": "reports/a.xml: not a directory; use a pattern that leads only to reports",
		"*.xml":           "dangling.xml: no such file or directory; remove the link",
	} {
		if _, _, err := Find(dir, pattern); report.ExitCode(nil, err) != report.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", pattern, err, want)
		}
	}
}
