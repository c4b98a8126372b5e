package osv

import (
	"strings"

	scalibr "github.com/google/osv-scalibr/purl"
	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// The library has no order of versions for actions, so their advisories are matched with
// the one of npm, which is semantic versioning too.
const actionOrder = "npm"

func isAction(p models.PackageVulns) bool { return p.Package.Ecosystem == lockfile.Actions }

// actionVersion returns the version that a tag stands for. v4 is moved to the newest
// release of its line, so it is compared as the last one.
func actionVersion(tag string) string {
	tag = strings.TrimPrefix(tag, "v")
	if tag == "" || strings.Contains(tag, "-") {
		return tag
	}
	for strings.Count(tag, ".") < 2 {
		tag += ".99999"
	}
	return tag
}

// actionPURL returns the package URL of an action.
func actionPURL(name, version string) string {
	owner, repo, _ := strings.Cut(name, "/")
	u := scalibr.PackageURL{Type: scalibr.TypeGithub, Namespace: owner, Name: repo, Version: version}
	return u.String()
}
