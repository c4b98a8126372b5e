// Package image finds vulnerable packages in container images, with trivy's analyzers
// and database.
package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	xos "github.com/aquasecurity/trivy/pkg/x/os"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/image/oci"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Scanner lists the packages of a container image and finds the vulnerable ones, among
// both operating system packages and language packages.
type Scanner struct {
	// Ref is a reference in a registry, by tag or digest; oci:DIR or a folder with an
	// OCI layout, both also with @sha256:…; or an archive of a layout or of docker save.
	Ref string
	// Base is the image of the base commit, in the same forms. Findings that it has as
	// well are known. Empty: all findings are new.
	Base string
	// Platform selects the image of an index. Empty: linux/amd64.
	Platform string
	// MaxUnpacked is the limit in bytes on the unpacked layers of both images. 0: 10 GiB.
	MaxUnpacked int64
}

// Name is "trivy".
func (*Scanner) Name() string { return "trivy" }

// Kind is "image".
func (*Scanner) Kind() string { return "image" }

// Version is the version of the linked library.
func (*Scanner) Version() string { return gate.ModuleVersion("github.com/aquasecurity/trivy") }

// Select returns no files, and true if there is an image to scan.
func (i *Scanner) Select([]gate.File, gate.Changes) ([]gate.File, bool) { return nil, i.Ref != "" }

// Scan scans the image and, if there is one, the image of the base. Without a database
// it returns the packages and a gap. An image that cannot be read is an error.
func (i *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	if i.Ref == "" {
		return gate.Result{}, nil
	}
	log := listen()
	defer log.stop()
	temp, err := os.MkdirTemp("", "security-gate-image-")
	if err != nil {
		return gate.Result{}, err
	}
	defer os.RemoveAll(temp)
	// The library uses one folder for the whole process and does not create it again.
	if err := os.Mkdir(xos.TempDir(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return gate.Result{}, err
	}
	defer xos.Cleanup()
	app, base, err := i.read(ctx, in, temp)
	if err != nil {
		return gate.Result{}, err
	}
	res := gate.Result{Compared: true, Findings: []report.Finding{}, Packages: app.packages(), Covered: app.describe(), Missing: app.gaps}
	if app.jars > 0 {
		res.Missing = append(res.Missing, gate.Gap{
			What: english.Plural(app.jars, "Java archive", "") + " in " + app.name, Why: "there is no Java database, so archives without Maven metadata were not looked up",
			Remedy: "scan the lock file of the application instead, or accept the gap",
		})
	}
	db, err := openDatabase(in.Databases, temp)
	switch {
	case errors.Is(err, errNoDatabase):
		res.Missing = append(res.Missing, gate.Gap{
			What: "the image " + app.name, Why: err.Error(), Remedy: "run \"" + gate.UpdateCommand + " --image\"",
		})
	case err != nil:
		return gate.Result{}, err
	default:
		defer db.close()
		res.Database = []gate.Database{db.about}
		if err := sound(func() error { return db.compare(ctx, &res, app, base) }); err != nil {
			return gate.Result{}, err
		}
	}
	res.Missing = append(res.Missing, imageGaps(log.drain(), bucketOf(app.OS, nil) != "")...)
	slices.SortFunc(res.Missing, func(a, b gate.Gap) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why)) })
	res.Missing = slices.Compact(res.Missing)
	return res, ctx.Err()
}

// read reads the contents of both images. Layers that the app's image shares with the
// base image are read only once.
func (i *Scanner) read(ctx context.Context, in gate.Input, temp string) (app, base *contents, err error) {
	all, err := newAnalyzers()
	if err != nil {
		return nil, nil, err
	}
	s := &layerReader{analyzers: all, temp: temp, max: cmp.Or(i.MaxUnpacked, maxUnpacked)}
	layers := map[string]*layerContent{}
	one := func(ref string) (*contents, error) {
		img, err := oci.Open(ctx, ref, oci.Options{Platform: cmp.Or(i.Platform, "linux/amd64"), Temp: temp, Offline: in.Offline})
		if err != nil {
			return nil, fmt.Errorf("cannot read image %s: %w", ref, err)
		}
		defer img.Close()
		return s.contents(ctx, img, layers)
	}
	if i.Base != "" {
		if base, err = one(i.Base); err != nil {
			return nil, nil, err
		}
	}
	app, err = one(i.Ref)
	return app, base, err
}

// compare adds the findings of the app's image. Each finding of the base image makes at
// most one equal finding a known one.
func (d *database) compare(ctx context.Context, res *gate.Result, app, base *contents) error {
	found, gaps, err := d.detect(ctx, app)
	if err != nil {
		return err
	}
	res.Findings, res.Missing = append(res.Findings, found...), append(res.Missing, gaps...)
	if base == nil {
		return nil
	}
	known, _, err := d.detect(ctx, base)
	if err != nil {
		return err
	}
	have := map[string]int{}
	for _, f := range known {
		have[f.Fingerprint]++
	}
	for n := range res.Findings {
		if f := &res.Findings[n]; have[f.Fingerprint] > 0 {
			have[f.Fingerprint]--
			f.Status = report.Known
		}
	}
	return nil
}

// imageGaps converts the library's warnings that are not reported elsewhere to gaps.
// release means that the database has advisories for the release of the operating
// system.
func imageGaps(all []entry, release bool) []gate.Gap {
	var out []gate.Gap
	for _, s := range all {
		switch {
		case s.Message == "Mixing Alpine versions is unsupported", // the release of the repository is used
			strings.HasPrefix(s.Message, "Using severities from other vendors"),
			strings.HasPrefix(s.Message, "Unable to get vulnerability details"), // the finding states that its severity is unknown
			s.Message == "Unable to collect additional info",                    // licences
			s.Message == "This OS version is not on the EOL list" && release:    // newer than the library, and in the database
			continue
		}
		out = append(out, gate.Gap{What: cmp.Or(s.File, "some packages in the image"), Why: text.OneLine(s.Message+" "+s.Err, 0), Remedy: "correct the package in the image"})
	}
	return out
}
