package host

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
)

// registry lets a key read and write the images of its apps.
func (s *session) registry(w http.ResponseWriter, r *http.Request) {
	rest := strings.TrimPrefix(r.URL.Path, "/v2/")
	app, part, _ := strings.Cut(rest, "/")
	part, more, _ := strings.Cut(part, "/")
	refuse := func(status int, err error) {
		fail(w, status, s.log("image", app, "", r.Method+" "+r.URL.Path, err))
	}
	if rest != "" && !slices.Contains(s.key.Apps, app) {
		refuse(http.StatusForbidden, s.foreign(app))
		return
	}
	if from := r.URL.Query().Get("from"); from != "" && !slices.Contains(s.key.Apps, from) {
		refuse(http.StatusForbidden, s.foreign(from))
		return
	}
	// An app has one repository. One below it would never be cleaned up.
	more = strings.Trim(more, "/")
	continued := part == "blobs" && strings.HasPrefix(more, "uploads/") && strings.Count(more, "/") == 1
	if rest != "" && (!slices.Contains([]string{"blobs", "manifests", "tags", "referrers"}, part) || strings.Contains(more, "/") && !continued) {
		refuse(http.StatusNotFound, fmt.Errorf("%.100q is nothing that a repository of images has", r.URL.Path))
		return
	}
	if r.Method == http.MethodDelete {
		refuse(http.StatusForbidden, protocol.ErrForbidden)
		return
	}
	if part == "manifests" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		s.pull(r.Context(), app, more)
	}
	s.store(w, r, s.end)
}

// store reads and writes the registry of this server, as long as there is room. stalled is
// called if a body does not arrive.
func (s *session) store(w http.ResponseWriter, r *http.Request, stalled func()) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := s.h.disk(uint64(max(0, r.ContentLength))); err != nil {
			fail(w, http.StatusInsufficientStorage, s.log("image", "", "", r.Method+" "+r.URL.Path, err))
			return
		}
	}
	r.Body = &upload{ReadCloser: http.MaxBytesReader(w, r.Body, protocol.MaxBlob), s: s, stalled: stalled}
	defer r.Body.Close()
	s.images.ServeHTTP(w, r)
}

// upload is the body of a request to the registry. It ends if it fills the disk, which its
// declared length need not tell, and if nothing arrives.
type upload struct {
	io.ReadCloser
	s       *session
	stalled func()
	read    uint64 // since the disk was looked at
}

// diskEvery is how many bytes arrive before the disk is looked at again.
const diskEvery = 32 << 20

// uploadStall is how long an upload may stand still.
const uploadStall = 30 * time.Second

func (u *upload) Read(p []byte) (int, error) {
	stop := time.AfterFunc(uploadStall, u.stalled)
	n, err := u.ReadCloser.Read(p)
	stop.Stop()
	if u.read += uint64(n); u.read > diskEvery {
		u.read = 0
		if full := u.s.h.disk(0); full != nil {
			return n, u.s.log("image", "", "", "upload", full)
		}
	}
	return n, err
}
