package gate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
)

// caseful are the types of package URL whose names differ by case in their registry.
var caseful = []string{packageurl.TypeMaven, packageurl.TypeGem, packageurl.TypeCran, packageurl.TypeConan, packageurl.TypeHackage}

var (
	// dashes are the characters that PyPI does not tell apart (PEP 503).
	dashes = regexp.MustCompile(`[-_.]+`)
	// zeros ends a release of PyPI or NuGet: 1.0 and 1.0.0 are one version.
	zeros = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)*?)(?:\.0+)+($|[^0-9.])`)
)

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
	name, version = strings.Trim(u.Namespace+"/"+u.Name, "/"), u.Version
	switch {
	case u.Type == packageurl.TypePyPi:
		name = dashes.ReplaceAllString(strings.ToLower(name), "-")
	case !slices.Contains(caseful, u.Type):
		name = strings.ToLower(name)
	}
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
