package stage

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// PromoteOptions returns the options of promoting an image of the app in a folder into an
// environment, with the manifest of the commit that the image names. An image that the
// repository does not have gets no manifest: release.Promote refuses it.
func PromoteOptions(ctx context.Context, r git.Repository, folder string, cfg *config.Config, images *artifact.Repository, environment, digest string) (release.Options, error) {
	o, err := ReleaseOptions(cfg, environment)
	if err != nil {
		return o, err
	}
	o.Digest = digest
	a, err := images.Resolve(ctx, digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	if !commitID.MatchString(a.Commit()) {
		return o, report.Usage(fmt.Sprintf("image %.19s does not record a commit: build the image with goldenpath package", digest))
	}
	c := Commit{Repo: r, Folder: folder, ID: a.Commit()}
	if err := has(ctx, r, c.ID); err != nil {
		return o, report.Usage(fmt.Sprintf("cannot read the manifest of %.19s: %v", digest, err))
	}
	o.Manifest, err = c.Manifest(ctx, cfg, environment)
	return o, err
}

// Releases returns the services that promotion and soak use.
func (j *Job) Releases() release.Deps {
	return release.Deps{Target: j.Target, Repository: j.Image, Ledger: j.Ledger, Trust: j.Trust, Indicator: j.Indicator, Now: j.Now, By: j.By, Say: j.Say}
}
