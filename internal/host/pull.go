package host

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
)

// pull reads an image of an app from the app's registry into that of this server, with the
// login of goldenpath's user, if the configuration says so and the image is not here. If it
// cannot, the client finds no image here and sends it; the audit log says why.
func (s *session) pull(ctx context.Context, app, digest string) {
	a := s.h.Config.Apps[app]
	hex, ok := strings.CutPrefix(digest, "sha256:")
	if !a.Pull || !ok || strings.ContainsAny(hex, "/.") {
		return
	}
	if _, err := os.Stat(filepath.Join(s.h.Dir, "images", app, "blobs", "sha256", hex)); err == nil {
		return
	}
	err := s.h.disk(0)
	if err == nil {
		err = s.pullFrom(ctx, a.Image, app, digest)
	}
	_ = s.log("pull", app, "", digest+" from "+a.Image, err)
}

func (s *session) pullFrom(ctx context.Context, image, app, digest string) error {
	registry, err := artifact.OpenRegistry("")
	if err != nil {
		return err
	}
	from, err := registry.Repository(image)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := func() { cancel(fmt.Errorf("the registry sends nothing for %s", uploadStall)) }
	// What arrives passes the same checks as what a client sends, and holds no lock.
	to, err := artifact.Over(artifact.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.store(w, r, stalled) })), app)
	if err != nil {
		return err
	}
	if _, err := from.Copy(ctx, digest, to); err != nil {
		if stall := context.Cause(ctx); stall != nil {
			err = stall
		}
		return fmt.Errorf("%w (this server logs in with %s)", err, filepath.Join(Home, ".docker/config.json"))
	}
	return nil
}
