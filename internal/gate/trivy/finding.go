package trivy

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/scan"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// findings converts the denials of one file.
func findings(name string, found []denial) []report.Finding {
	var out []report.Finding
	for _, d := range found {
		if d.wrong {
			continue
		}
		f := finding(d.about.ToRule(), d.message, report.Location{Path: name, Line: d.line})
		if d.doubt != "" && f.Severity.AtLeast(report.High) {
			f.Severity, f.Rated = report.Medium, "medium instead of "+string(f.Severity)+": "+d.doubt
		}
		out = append(out, f)
	}
	return out
}

// setAside returns the digests of denials that are set aside.
func setAside(name string, found []denial) []string {
	var out []string
	for _, d := range found {
		if d.wrong {
			out = append(out, gate.Aside(d.about.ID, name, strconv.Itoa(d.line), oneLine(d.message)))
		}
	}
	return out
}

// style has the checks of trivy about the size, the build or the style of an image. They are
// true, and not a risk to those who run it.
var style = map[string]string{
	"DS-0006": failsToBuild, "DS-0008": failsToBuild, "DS-0011": failsToBuild, "DS-0012": failsToBuild, "DS-0021": failsToBuild,
	"DS-0007": onlyLast, "DS-0016": onlyLast, "DS-0023": onlyLast,
	"DS-0009": onlyStyle, "DS-0010": onlyStyle, "DS-0013": onlyStyle, "DS-0022": onlyStyle,
	"DS-0015": onlySize, "DS-0019": onlySize, "DS-0020": onlySize, "DS-0025": onlySize, "DS-0027": onlySize, "DS-0029": onlySize,
}

// forTests matches a Dockerfile of an image that is not deployed, by its folder or its name.
var forTests = regexp.MustCompile(`(?i)(?:^|/)(?:\.devcontainer|tests?|testdata|e2e|playwright|cypress|fixtures|examples?|samples?|benchmarks?)/(?:.*/)?[^/]*(?:docker|container)file[^/]*$|(?:^|/)(?:docker|container)file[._-](?:dev|devel|development|test|tests|e2e|lint|debug|bench)$|(?:^|/)(?:dev|test|tests|e2e|lint|debug)\.(?:docker|container)file$`)

const (
	failsToBuild = "the build fails, or the instruction has no effect"
	onlyLast     = "only the last one counts"
	onlyStyle    = "a question of style"
	onlySize     = "a question of the size of the image"
)

func finding(rule scan.Rule, here string, at report.Location) report.Finding {
	f := report.Finding{
		Rule: rule.ID, Severity: report.Severity(strings.ToLower(string(rule.Severity))),
		Message: message(rule.Summary, here), At: at,
		Fix: oneLine(cmp.Or(rule.Resolution, "see the documentation of "+rule.ID)),
	}
	if why := style[f.Rule]; why != "" && f.Severity.AtLeast(report.Medium) {
		f.Severity, f.Rated = report.Low, "low instead of "+string(f.Severity)+": "+why
	}
	if f.Severity.AtLeast(report.High) && forTests.MatchString(at.Path) {
		f.Severity, f.Rated = report.Medium, "medium instead of "+string(f.Severity)+": for tests or development"
	}
	for _, id := range append([]string{rule.AVDID}, rule.Aliases...) {
		if id != "" && id != f.Rule && !slices.Contains(f.Aliases, id) {
			f.Aliases = append(f.Aliases, id)
		}
	}
	if container.MatchString(here) || generated.MatchString(here) {
		f.Fingerprint = identity(f)
	}
	return f
}

// generated matches the hash of the content at the end of a name that kustomize made.
var generated = regexp.MustCompile(`-[bcdfghkmt2456789]{10}\b`)

// container matches the name of a container in a message.
var container = regexp.MustCompile(`(?i)\b(container) ['"]?[^\s'"]+['"]?`)

// identity returns the fingerprint of a finding without the name of the container and the
// hash in a generated name, so that the findings of a renamed container and of an edited
// ConfigMap stay known.
func identity(f report.Finding) string {
	return report.Digest(f.Rule, f.At.Path, generated.ReplaceAllString(container.ReplaceAllString(f.Message, "$1 *"), "-*"))
}

// message joins the title of the check and the check's message about this place.
func message(title, here string) string {
	here = someNamespace.ReplaceAllString(printed.ReplaceAllString(here, "$1"), "")
	here = wrongContainer.ReplaceAllString(here, "a container of $1 is")
	title, here = strings.TrimSuffix(oneLine(title), "."), oneLine(here)
	if here == "" || here == title {
		return title
	}
	return title + ": " + here
}

var (
	// someNamespace matches the namespace that the checks assume where an object names none: it
	// is the one that is deployed to.
	someNamespace = regexp.MustCompile(`(?: in "?default"? namespace| \(namespace: default\))`)
	// wrongContainer matches where KSV-0118 calls the object a container.
	wrongContainer = regexp.MustCompile(`^container (\S+) is`)
)

// printed matches a value that a check prints with its position instead of alone
// (AWS-0036). The position has a key that differs in every run, so that the finding
// would always be new.
var printed = regexp.MustCompile(`"?\{\\?"endline.*\\?"value\\?": (\\?"[^"\\]*\\?")\}"?`)
