package trivy

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

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/image"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Image looks into a container image: for vulnerable packages of its system and of
// languages, and for all packages there are.
type Image struct {
	// Ref is a reference in a registry, by tag or digest; oci:DIR or a folder with an
	// OCI layout, also with @sha256:…; or a tar of one, or of docker save.
	Ref string
	// Base is the image of the base, in the same forms: what it has too is known.
	// Empty: everything is new.
	Base string
	// Platform is which image of an index; empty: linux/amd64.
	Platform string
	// MaxUnpacked is how many bytes the layers of all images may unpack to; 0: 10 GiB.
	MaxUnpacked int64
}

// Name is "trivy".
func (*Image) Name() string { return "trivy" }

// Kind is what it looks into.
func (*Image) Kind() string { return "image" }

// Version is the version of the linked library.
func (*Image) Version() string { return gate.ModuleVersion("github.com/aquasecurity/trivy") }

// Select wants no files: an image is scanned when there is one.
func (i *Image) Select([]gate.File, gate.Changes) ([]gate.File, bool) { return nil, i.Ref != "" }

// Scan reads the image, and the one of the base. Without a database there are
// packages and a gap; an image that cannot be read is an error.
func (i *Image) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	if i.Ref == "" {
		return gate.Result{}, nil
	}
	running.Lock()
	defer running.Unlock()
	log := listen()
	defer log.stop()
	temp, err := os.MkdirTemp("", "security-gate-image-")
	if err != nil {
		return gate.Result{}, err
	}
	defer os.RemoveAll(temp)
	// The library has one folder for the whole process, and does not make it again.
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
			What: plural(app.jars, "archive") + " of Java in " + app.name, Why: "there is no Java database: those that do not say what they are were not looked up",
			Remedy: "check the dependencies by the lock file, or accept the gap",
		})
	}
	db, err := openDatabase(in.Databases, temp)
	switch {
	case errors.Is(err, errNoDatabase):
		res.Missing = append(res.Missing, gate.Gap{
			What: "the image " + app.name, Why: err.Error(), Remedy: "fetch trivy-db into trivy/db of the folder of databases",
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

// read takes the base first: what the app has of it is not read again.
func (i *Image) read(ctx context.Context, in gate.Input, temp string) (app, base *contents, err error) {
	all, err := newAnalyzers()
	if err != nil {
		return nil, nil, err
	}
	s := &sweep{analyzers: all, temp: temp, max: cmp.Or(i.MaxUnpacked, maxUnpacked)}
	layers := map[string]*swept{}
	one := func(ref string) (*contents, error) {
		img, err := image.Open(ctx, ref, image.Options{Platform: cmp.Or(i.Platform, "linux/amd64"), Temp: temp, Offline: in.Offline})
		if err != nil {
			return nil, fmt.Errorf("read image %s: %w", ref, err)
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

// compare adds the findings of the app; of the same one twice the base excuses as
// many as it has.
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

// imageGaps are what the library warns of and what does not come out otherwise. Of
// some systems it is known already whether the database has the release.
func imageGaps(all []said, release bool) []gate.Gap {
	var out []gate.Gap
	for _, s := range all {
		switch {
		case s.message == "Mixing Alpine versions is unsupported", // the repository counts
			strings.HasPrefix(s.message, "Using severities from other vendors"),
			strings.HasPrefix(s.message, "Unable to get vulnerability details"), // then the severity is said to be unknown
			s.message == "Unable to collect additional info",                    // licences
			s.message == "This OS version is not on the EOL list" && release:    // newer than the library, and in the database
			continue
		}
		out = append(out, gate.Gap{What: cmp.Or(s.file, "some packages of the image"), Why: oneLine(s.message + " " + s.err), Remedy: "repair the package in the image"})
	}
	return out
}
