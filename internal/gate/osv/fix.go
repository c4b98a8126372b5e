package osv

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/enricher/vulnmatch/osvlocal"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/semantic"
	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/proto"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// fixed returns the lowest version above the present one that is not affected, or "" if
// none is known.
func fixed(p models.PackageVulns, f fact) string {
	for _, v := range candidates(p, f) {
		if !affects(p, f, v) {
			return v
		}
	}
	return ""
}

// remedy is one version that fixes several vulnerabilities of a package.
type remedy struct {
	version   string
	fixes, of int
}

// fixAll returns the lowest version that fixes every vulnerability with a known fix, so
// that one update is enough. first has the lowest fix of each vulnerability alone.
func fixAll(p models.PackageVulns, all []fact, first []string) remedy {
	best := remedy{of: len(all)}
	var versions []string
	highest := ""
	for i, f := range all {
		versions = append(versions, candidates(p, f)...)
		if first[i] != "" && (highest == "" || compare(p, first[i], highest) > 0) {
			highest = first[i]
		}
	}
	for _, v := range sorted(p, versions) {
		if highest == "" || compare(p, v, highest) < 0 {
			continue
		}
		fixes, fixable := 0, 0
		for i, f := range all {
			if first[i] != "" {
				fixable++
			}
			if !affects(p, f, v) {
				fixes++
			}
		}
		if fixes > best.fixes {
			best.version, best.fixes = v, fixes
		}
		if fixes >= fixable {
			break
		}
	}
	return best
}

// candidates returns the fixed versions above the present one, lowest first.
func candidates(p models.PackageVulns, f fact) []string {
	present := p.Package.Inventory.Version
	if isLibrary(p) {
		present = lastOfLine(present)
	}
	var out []string
	for _, v := range f.about {
		for _, a := range v.GetAffected() {
			if key(a.GetPackage().GetName()) != key(p.Package.Name) {
				continue
			}
			for _, r := range a.GetRanges() {
				for _, e := range r.GetEvents() {
					fix := e.GetFixed()
					if isLibrary(p) {
						fix, _, _ = strings.Cut(fix, "-") // 1.21.0-rc.3 is not a release
					}
					if fix != "" && r.GetType() != osvschema.Range_GIT && compare(p, fix, present) > 0 {
						out = append(out, fix)
					}
				}
			}
		}
	}
	return sorted(p, out)
}

func sorted(p models.PackageVulns, versions []string) []string {
	slices.Sort(versions)
	versions = slices.Compact(versions)
	slices.SortStableFunc(versions, func(a, b string) int { return compare(p, a, b) })
	return versions
}

// affects reports whether another version would be affected.
func affects(p models.PackageVulns, f fact, version string) bool {
	other := *p.Package.Inventory
	other.Version = version
	p.Package.Inventory = &other
	return len(affecting(f.about, p)) > 0
}

// affecting returns the advisories that are about the version of the package.
func affecting(all []*vulnerability, p models.PackageVulns) []*vulnerability {
	pkg := *p.Package.Inventory
	if isLibrary(p) {
		pkg.Version = lastOfLine(pkg.Version)
	}
	return osvlocal.VulnerabilitiesAffectingPackage(spelled(all, p.Package.Ecosystem, &pkg), &pkg)
}

// spelled returns the advisories with the name and the version of the package in the
// spelling of the package. The library compares names and listed versions as texts, and
// registries do not.
func spelled(all []*vulnerability, eco string, pkg *extractor.Package) []*vulnerability {
	name := pkg.Name
	if eco == "PyPI" { // as the library writes it
		name = spelling(eco, name)
	}
	order := eco
	if eco == lockfile.Actions {
		order = actionOrder
	}
	same := func(version string) bool {
		return version != pkg.Version && eco != "Maven" && compareVersions(order, version, pkg.Version) == 0 // 1.0 and 1.0.0 are two artifacts of Maven
	}
	out := slices.Clone(all)
	for i, v := range all {
		for j, a := range v.GetAffected() {
			its := a.GetPackage()
			if its.GetEcosystem() != eco || spelling(eco, its.GetName()) != spelling(eco, name) {
				continue
			}
			listed := slices.ContainsFunc(a.GetVersions(), same)
			if its.GetName() == name && order == eco && !listed {
				continue
			}
			if out[i] == v {
				out[i] = proto.CloneOf(v)
			}
			own := out[i].GetAffected()[j]
			own.Package = &osvschema.Package{Ecosystem: order, Name: name}
			if listed {
				own.Versions = append(own.Versions, pkg.Version)
			}
		}
	}
	return out
}

// spelling returns one spelling of a name for all that an ecosystem does not tell apart.
func spelling(eco, name string) string {
	switch eco {
	case "PyPI":
		return lockfile.PyPIName(name)
	case "crates.io":
		return strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	case "NuGet", "Packagist", "SwiftURL", lockfile.Actions:
		return strings.ToLower(name)
	}
	return name
}

// lastOfLine returns the release that "go 1.25" or golang:1.25 stands for: the newest one
// of the line, as in osv-scanner.
func lastOfLine(version string) string {
	if strings.Count(version, ".") == 1 && strings.Trim(version, "0123456789.") == "" {
		return version + ".99"
	}
	return version
}

func compare(p models.PackageVulns, a, b string) int {
	return compareVersions(string(p.Package.Inventory.Ecosystem().Ecosystem), a, b)
}

func compareVersions(ecosystem, a, b string) int {
	v, err := semantic.Parse(a, ecosystem)
	if err != nil {
		return strings.Compare(a, b)
	}
	n, err := v.CompareStr(b)
	if err != nil {
		return strings.Compare(a, b)
	}
	return n
}

func isLibrary(p models.PackageVulns) bool {
	return p.Package.Ecosystem == "Go" && p.Package.Name == "stdlib"
}

// harmless matches a word that a shell does not interpret.
var harmless = regexp.MustCompile(`^[@A-Za-z0-9][@A-Za-z0-9._/+~:-]*$`)

// fix returns how to fix a vulnerability. It proposes a version that also fixes the
// other vulnerabilities of the package, if there is one.
func fix(p models.PackageVulns, file string, f fact, first string, r remedy, known dependency) string {
	name := p.Package.Name
	if !harmless.MatchString(name) {
		name = fmt.Sprintf("%q", name)
	}
	if f.malicious() {
		return "remove " + name + ": it is malicious; rotate every secret of the machines that installed it"
	}
	if first == "" {
		return "no fixed version is published: replace " + name + ", or waive the finding with a reason and an expiry"
	}
	version, more := first, ""
	if r.of > 1 && r.version != "" {
		version = r.version
		what, count := name, fmt.Sprint(r.fixes, " of ", r.of)
		if isLibrary(p) {
			what = "the standard library"
		}
		if r.fixes == r.of {
			count = fmt.Sprint("all ", r.of)
		}
		more = fmt.Sprintf(" (fixes %s of %s)", count, what)
	}
	return update(p, file, name, version, known) + more
}

// installers have the command of the package manager of each lock file that is not npm's.
var installers = map[string]string{"pnpm-lock.yaml": "pnpm add", "yarn.lock": "yarn add", "bun.lock": "bun add"}

func update(p models.PackageVulns, file, name, version string, known dependency) string {
	installer, other := installers[path.Base(file)]
	plain := harmless.MatchString(p.Package.Name) && harmless.MatchString(version)
	switch eco := p.Package.Ecosystem; {
	case !plain:
		return fmt.Sprintf("update %s to %q", name, version)
	case isLibrary(p):
		return "use Go " + version
	case isAction(p):
		return fmt.Sprintf("use %s at v%s, pinned to its full commit", name, strings.TrimPrefix(version, "v"))
	case eco == "Go" && known.replaces:
		return fmt.Sprintf("update the replace directive to %s v%s", name, version)
	case eco == "Go":
		return fmt.Sprintf("go get %s@v%s", name, version)
	case eco == "npm" && known.direct:
		return fmt.Sprintf("%s %s@%s", cmp.Or(installer, "npm install"), name, version)
	case len(known.through) > 0 && harmless.MatchString(known.through[0]):
		return fmt.Sprintf("update %s, which requires it, until %s is %s or later", known.through[0], name, version)
	case eco == "npm" && other:
		return fmt.Sprintf("%s %s@%s, or update the packages that depend on it", installer, name, version)
	case eco == "npm":
		return fmt.Sprintf("npm install %s@%s, or npm update the packages that depend on it", name, version)
	}
	return fmt.Sprintf("update %s to %s", name, version)
}
