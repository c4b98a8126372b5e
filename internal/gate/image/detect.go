package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aquasecurity/trivy-db/pkg/db"
	trivydb "github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/aquasecurity/trivy/pkg/detector/library"
	_ "github.com/aquasecurity/trivy/pkg/detector/library/all" // vendors that rebuild packages
	"github.com/aquasecurity/trivy/pkg/detector/ospkg"
	"github.com/aquasecurity/trivy/pkg/detector/ospkg/version"
	fanal "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/types"
	"github.com/aquasecurity/trivy/pkg/vulnerability"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// detect looks up the packages. Packages for which the database has no data are a gap.
func (d *database) detect(ctx context.Context, c *contents) (out []report.Finding, gaps []gate.Gap, err error) {
	found, ended, gaps, err := d.system(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if ended {
		out = append(out, ofEndOfLife(c.OS))
	}
	for _, app := range c.Applications {
		more, missing, err := d.language(ctx, app)
		if err != nil {
			return nil, nil, err
		}
		found, gaps = append(found, more...), append(gaps, missing...)
	}
	client := vulnerability.NewClient(db.Config{})
	for _, v := range found {
		one := []types.DetectedVulnerability{v.DetectedVulnerability}
		client.FillInfo(one, []trivydb.SourceID{"auto"})
		v.DetectedVulnerability = one[0]
		out = append(out, v.finding())
	}
	slices.SortFunc(out, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	out = slices.CompactFunc(out, func(a, b report.Finding) bool {
		return a.Rule == b.Rule && a.Package == b.Package && a.At == b.At && a.Fingerprint == b.Fingerprint
	})
	return out, gaps, nil
}

const endOfLife = "os-end-of-life"

// system looks up the packages of the distribution. ended reports whether the
// distribution has reached its end of life.
func (d *database) system(ctx context.Context, c *contents) (out []vulnerable, ended bool, gaps []gate.Gap, err error) {
	if !c.OS.Detected() || !c.OS.Family.HasOSPackages() {
		if len(c.Packages) == 0 && !c.system {
			return nil, false, nil, nil
		}
		if len(c.Packages) == 0 {
			return nil, false, []gate.Gap{{What: "packages of the system in " + c.name, Why: "its distribution is not known", Remedy: "use a base image of a distribution that trivy knows, or accept the gap"}}, nil
		}
		return nil, false, []gate.Gap{{What: english.Plural(len(c.Packages), "package", "") + " of " + c.name, Why: "no file identifies their distribution", Remedy: "keep /etc/os-release in the image"}}, nil
	}
	system := c.OS
	name := fmt.Sprintf("%s %s", system.Family, system.Name)
	gap := gate.Gap{What: fmt.Sprintf("%s of %s in %s", english.Plural(len(c.Packages), "package", ""), name, c.name), Remedy: "use a base image of a supported distribution, or accept the gap"}
	if len(c.Packages) == 0 {
		gap.What, gap.Why = "packages of "+name+" in "+c.name, "the image identifies its distribution but has no list of installed packages"
		gap.Remedy = "keep the database of the package manager in the image"
		return nil, false, []gate.Gap{gap}, nil
	}
	if system.Extended {
		system.Name += "-ESM"
	}
	if bucket := bucketOf(system, c.Repository); bucket != "" && !d.knows(bucket) {
		gap.Why = "there are no advisories for " + bucket + " in trivy-db"
		gap.Remedy = "fetch a newer trivy-db, or use a maintained base image"
		return nil, false, []gate.Gap{gap}, nil
	}
	detector, err := ospkg.NewDetector(types.ScanTarget{Name: c.name, OS: system, Repository: c.Repository, Packages: c.Packages})
	if errors.Is(err, ospkg.ErrUnsupportedOS) {
		gap.Why = "trivy has no advisories for this distribution"
		return nil, false, []gate.Gap{gap}, nil
	}
	if err != nil {
		return nil, false, nil, err
	}
	found, ended, err := detector.Detect(ctx)
	if err != nil {
		return nil, false, nil, fmt.Errorf("cannot look up packages of %s: %w", name, err)
	}
	for _, v := range found {
		out = append(out, vulnerable{DetectedVulnerability: v, system: name})
	}
	return out, ended, nil, nil
}

func ofEndOfLife(os fanal.OS) report.Finding {
	return report.Finding{
		Rule: endOfLife, Severity: report.Medium, Status: report.New, Rated: "by the rule",
		Message:     fmt.Sprintf("%s %s no longer gets security updates", os.Family, os.Name),
		Fix:         fmt.Sprintf("use a maintained release of %s as the base image", os.Family),
		Fingerprint: identity(endOfLife, string(os.Family)),
	}
}

// bucketOf returns the name of the advisories of a distribution's release in the
// database. It returns "" for distributions whose advisories have no simple name.
func bucketOf(os fanal.OS, repo *fanal.Repository) string {
	switch os.Family {
	case fanal.Alpine:
		if repo != nil && repo.Release != "" {
			return "alpine " + version.Minor(repo.Release)
		}
		return "alpine " + version.Minor(os.Name)
	case fanal.Debian:
		return "debian " + version.Major(os.Name)
	case fanal.Ubuntu:
		return "ubuntu " + os.Name
	case fanal.Wolfi, fanal.Chainguard:
		return string(os.Family)
	}
	return ""
}

// language looks up the packages of one language.
func (d *database) language(ctx context.Context, app fanal.Application) ([]vulnerable, []gate.Gap, error) {
	if len(app.Packages) == 0 {
		return nil, nil, nil
	}
	driver, ok := library.NewDriver(app.Type)
	if eco := driver.Type(); !ok || !d.knows(eco+"::") {
		return nil, []gate.Gap{{
			What: fmt.Sprintf("%s of type %s in the image", english.Plural(len(app.Packages), "package", ""), app.Type), Why: "trivy-db has no advisories for them",
			Remedy: "fetch a complete trivy-db; if it has none for this language, accept the gap",
		}}, nil
	}
	found, err := library.Detect(ctx, app.Type, app.Packages)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot look up packages of %s: %w", app.Type, err)
	}
	var out []vulnerable
	for _, v := range found {
		out = append(out, vulnerable{DetectedVulnerability: v, file: cmp.Or(v.PkgPath, app.FilePath, string(app.Type))})
	}
	return out, nil, nil
}
