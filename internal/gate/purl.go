package gate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// caseful are the types of package URL whose names differ by case in their registry.
var caseful = []string{packageurl.TypeMaven, packageurl.TypeGem, packageurl.TypeCran, packageurl.TypeConan, packageurl.TypeHackage}

// zeros ends a release of PyPI or NuGet: 1.0 and 1.0.0 are one version.
var zeros = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)*?)(?:\.0+)+($|[^0-9.])`)

// spelled returns one spelling of the name in a package URL of a type, for all that the
// registry does not tell apart.
func spelled(kind, name string) string {
	switch {
	case kind == packageurl.TypePyPi:
		return lockfile.PyPIName(name)
	case slices.Contains(caseful, kind):
		return name
	}
	return strings.ToLower(name)
}

// samePackage returns the type and the name of a package URL in one spelling, and its
// version, "" if it has none. Qualifiers and the subpath are left out. A text that is not
// a package URL is its own name.
func samePackage(purl string) (name, version string) {
	u, err := packageurl.FromString(purl)
	if err != nil {
		// tools leave out the encoding, and some types have rules of their own
		if plain, err := url.PathUnescape(purl); err == nil {
			purl = plain
		}
		name = nameOf(purl)
		version, _, _ = strings.Cut(strings.TrimPrefix(purl, name), "?")
		version, _, _ = strings.Cut(version, "#")
		return strings.ToLower(name), strings.TrimPrefix(strings.TrimPrefix(version, "@"), "v")
	}
	name, version = spelled(u.Type, strings.Trim(u.Namespace+"/"+u.Name, "/")), u.Version
	switch u.Type {
	case packageurl.TypeNuget:
		version, _, _ = strings.Cut(strings.ToLower(version), "+")
		version = zeros.ReplaceAllString(version, "$1$2")
	case packageurl.TypePyPi:
		version = zeros.ReplaceAllString(strings.ToLower(version), "$1$2")
	}
	return "pkg:" + u.Type + "/" + name, strings.TrimPrefix(version, "v")
}

// sameVersion returns one spelling of a package URL with its version, because tools write
// the same package differently.
func sameVersion(purl string) string {
	name, version := samePackage(purl)
	if version == "" {
		return name
	}
	return name + "@" + version
}
