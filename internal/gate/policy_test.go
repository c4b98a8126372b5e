package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestPolicy proves GP-GATE-9: dependencies by a list, licences by SPDX
// expressions.
func TestPolicy(t *testing.T) {
	lock, image := report.Location{Path: "package-lock.json"}, report.Location{Path: "app/server"}
	pkg := func(purl string, direct bool, licences ...string) Package {
		return Package{PURL: purl, At: lock, Direct: direct, Licences: licences}
	}
	for name, test := range map[string]struct {
		policy   Policy
		packages []Package
		want     []string
	}{
		"no policy":                 {Policy{}, []Package{pkg("pkg:npm/a@1", true, "AGPL-3.0-only")}, nil},
		"on the list":               {Policy{Dependencies: []string{"pkg:npm/a"}}, []Package{pkg("pkg:npm/a@1.2.3", true)}, nil},
		"not on the list":           {Policy{Dependencies: []string{"pkg:npm/a"}}, []Package{pkg("pkg:npm/b@1", true)}, []string{"dependency-not-allowed pkg:npm/b@1"}},
		"an empty list":             {Policy{Dependencies: []string{}}, []Package{pkg("pkg:npm/b@1", true)}, []string{"dependency-not-allowed pkg:npm/b@1"}},
		"by a pattern":              {Policy{Dependencies: []string{"pkg:golang/golang.org/x/*"}}, []Package{pkg("pkg:golang/golang.org/x/net@1", true), pkg("pkg:golang/golang.org/xyz/net@1", true)}, []string{"dependency-not-allowed pkg:golang/golang.org/xyz/net@1"}},
		"a scope":                   {Policy{Dependencies: []string{"pkg:npm/%40acme/*"}}, []Package{pkg("pkg:npm/%40acme/ui@1", true), pkg("pkg:npm/%40evil/ui@1", true)}, []string{"dependency-not-allowed pkg:npm/%40evil/ui@1"}},
		"a scope, not encoded":      {Policy{Dependencies: []string{"pkg:npm/@acme/*"}}, []Package{pkg("pkg:npm/%40acme/ui@1", true), pkg("pkg:npm/%40evil/ui@1", true)}, []string{"dependency-not-allowed pkg:npm/%40evil/ui@1"}},
		"another spelling":          {Policy{Dependencies: []string{"pkg:pypi/Zope.Interface", "pkg:nuget/Newtonsoft.Json", "pkg:maven/g/A"}}, []Package{pkg("pkg:pypi/zope-interface@1", true), pkg("pkg:nuget/newtonsoft.json@1", true), pkg("pkg:maven/g/a@1", true)}, []string{"dependency-not-allowed pkg:maven/g/a@1"}},
		"without a version":         {Policy{Dependencies: []string{"pkg:npm/a"}}, []Package{pkg("pkg:npm/b", true)}, []string{"dependency-not-allowed pkg:npm/b"}},
		"denied, not an expression": {Policy{Deny: []string{"GPL-3.0-only"}}, []Package{pkg("pkg:npm/a@1", true, "GPLv3"), pkg("pkg:npm/b@1", true, "SEE LICENSE IN x"), pkg("pkg:npm/c@1", true, "MIT")}, []string{"licence-unknown "}},
		"what comes in with one":    {Policy{Dependencies: []string{"pkg:npm/a"}}, []Package{pkg("pkg:npm/a@1", true), pkg("pkg:npm/c@1", false)}, nil},
		"a file that does not tell": {Policy{Dependencies: []string{"pkg:npm/a"}}, []Package{pkg("pkg:npm/c@1", false)}, []string{"dependency-not-allowed pkg:npm/c@1"}},
		"in the image":              {Policy{Dependencies: []string{}}, []Package{{PURL: "pkg:golang/b@1", At: image, Image: true}}, nil},
		"denied":                    {Policy{Deny: []string{"AGPL-3.0-only"}}, []Package{pkg("pkg:npm/a@1", true, "AGPL-3.0-only"), pkg("pkg:npm/b@1", false, "MIT")}, []string{"licence-not-allowed pkg:npm/a@1"}},
		"a choice":                  {Policy{Deny: []string{"GPL-2.0-only"}}, []Package{pkg("pkg:npm/a@1", true, "(MIT OR GPL-2.0-only)")}, nil},
		"both":                      {Policy{Deny: []string{"GPL-2.0-only"}}, []Package{pkg("pkg:npm/a@1", true, "MIT AND GPL-2.0-only")}, []string{"licence-not-allowed pkg:npm/a@1"}},
		"allowed":                   {Policy{Allow: []string{"MIT", "Apache-2.0"}}, []Package{pkg("pkg:npm/a@1", true, "MIT AND Apache-2.0")}, nil},
		"not allowed":               {Policy{Allow: []string{"MIT"}}, []Package{pkg("pkg:npm/a@1", true, "ISC")}, []string{"licence-not-allowed pkg:npm/a@1"}},
		"one of two licences":       {Policy{Allow: []string{"MIT"}}, []Package{pkg("pkg:npm/a@1", true, "MIT", "ISC")}, []string{"licence-not-allowed pkg:npm/a@1"}},
		"no expression":             {Policy{Allow: []string{"MIT"}}, []Package{pkg("pkg:npm/a@1", true, "SEE LICENSE IN x")}, []string{"licence-not-allowed pkg:npm/a@1"}},
		"a panic of the library":    {Policy{Allow: []string{"MIT"}, Deny: []string{"ISC"}}, []Package{pkg("pkg:npm/a@1", true, "(")}, []string{"licence-not-allowed pkg:npm/a@1"}},
		"not known":                 {Policy{Allow: []string{"MIT"}}, []Package{pkg("pkg:npm/a@1", true)}, []string{"licence-unknown pkg:npm/a@1"}},
		"denied, and not known":     {Policy{Deny: []string{"AGPL-3.0-only"}}, []Package{pkg("pkg:npm/a@1", true), pkg("pkg:npm/b@1", false), pkg("pkg:golang/stdlib@1.25", true)}, []string{"licence-unknown "}},
		"a distribution's package":  {Policy{Allow: []string{"MIT"}}, []Package{{PURL: "pkg:apk/alpine/busybox@1", Licences: []string{"GPL-2.0-only"}, Image: true}}, nil},
		"denied in a distribution":  {Policy{Deny: []string{"GPL-2.0-only"}}, []Package{{PURL: "pkg:apk/alpine/busybox@1", Licences: []string{"GPL-2.0-only"}, Image: true}}, []string{"licence-not-allowed pkg:apk/alpine/busybox@1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range test.policy.check(test.packages) {
				got = append(got, f.Rule+" "+f.Package)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadAllowed(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "allowed.txt"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\npkg:npm/react # the UI\n\npkg:golang/golang.org/x/*\n")
	got, err := ReadAllowed(dir, "allowed.txt")
	if diff := cmp.Diff([]string{"pkg:npm/react", "pkg:golang/golang.org/x/*"}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	write("react\npkg:npm/a@1\npkg:npm/[a\n")
	_, err = ReadAllowed(dir, "allowed.txt")
	if report.ExitCode(nil, err) != report.ExitUsage || strings.Count(err.Error(), "allowed.txt:") != 3 {
		t.Errorf("%v", err)
	}
	if _, err := ReadAllowed(dir, "gone.txt"); report.ExitCode(nil, err) != report.ExitUsage {
		t.Errorf("%v", err)
	}
	if err := (Policy{Allow: []string{"MIT", "Free"}, Deny: []string{"GPL"}}).Check(); err == nil || !strings.Contains(err.Error(), "gate.licences.allow: Free") || !strings.Contains(err.Error(), "gate.licences.deny: GPL") {
		t.Errorf("%v", err)
	}
}

func FuzzAllowed(f *testing.F) {
	for _, s := range []string{"pkg:npm/react\n", "# x\n", "pkg:npm/[a\n", "pkg:golang/**/x # y", "\x00", "pkg:a/{b,c}\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		patterns, err := parseAllowed("a", b)
		if err != nil && report.ExitCode(nil, err) != report.ExitUsage {
			t.Error(err)
		}
		Policy{Dependencies: patterns, Allow: []string{string(b)}, Deny: []string{"MIT"}}.check([]Package{{PURL: "pkg:npm/" + string(b), Direct: true, Licences: []string{string(b)}}})
	})
}
