package gate

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GP-GATE-5: a waiver names a package in any spelling that the ecosystem and the package
// URL specification treat as one, and no other package.
func TestWaiverPURL(t *testing.T) {
	for _, c := range []struct {
		waiver, pkg string
		want        bool
	}{
		{"pkg:pypi/Bad_Py", "pkg:pypi/bad-py@1.0.0", true},
		{"pkg:pypi/zope.interface@5.0", "pkg:pypi/zope-interface@5.0.0", true},
		{"pkg:pypi/a@1.0RC1", "pkg:pypi/a@1.0rc1", true},
		{"pkg:pypi/a@1.0.0rc1", "pkg:pypi/a@1.0rc1", true},
		{"pkg:pypi/a@1.0", "pkg:pypi/a@1.0.1", false},
		{"pkg:pypi/a@1", "pkg:pypi/a@10.0", false},
		{"pkg:pypi/a@1", "pkg:pypi/a@1.0", true},
		{"pkg:nuget/bad.package@1.0", "pkg:nuget/Bad.Package@1.0.0", true},
		{"pkg:nuget/a@1.0.0+build", "pkg:nuget/A@1.0.0", true},
		{"pkg:npm/@acme/ui", "pkg:npm/%40acme/ui@1.0.0", true},
		{"pkg:npm/%40acme/ui@1.0.0", "pkg:npm/@acme/ui@1.0.0", true},
		{"pkg:npm/acme/ui", "pkg:npm/%40acme/ui@1.0.0", false},
		{"pkg:npm/ui?vcs_url=x", "pkg:npm/ui@1.0.0", true},
		{"pkg:npm/ui@1.0", "pkg:npm/ui@1.0.0", false},
		{"pkg:NPM/ui", "pkg:npm/ui@1.0.0", true},
		{"pkg://npm/ui", "pkg:npm/ui@1.0.0", true},
		{"pkg:golang/example.org/a@v1.2.0", "pkg:golang/example.org/a@1.2.0", true},
		{"pkg:golang/example.org/a", "pkg:golang/example.org/a/v2@2.0.0", false},
		{"pkg:maven/g/a", "pkg:maven/g/a@1?type=jar", true},
		{"pkg:maven/g/A", "pkg:maven/g/a@1", false},
		{"pkg:swift/github.com/a/b", "pkg:swift/github.com/A/b@1.0.0", true},
		{"pkg:deb/debian/curl", "pkg:deb/debian/curl@7.1?arch=amd64", true},
		{"pkg:pypi/a", "", false},
		{"pkg:swift/b", "pkg:swift/github.com/a/b@1", false},
	} {
		w := Waiver{PURL: c.waiver}
		if got := w.matches(report.Finding{Package: c.pkg}); got != c.want {
			t.Errorf("the waiver of %s covers %s: %t", c.waiver, c.pkg, got)
		}
	}
}
