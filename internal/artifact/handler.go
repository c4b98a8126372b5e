package artifact

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/olareg/olareg"
)

// Handler serves the registry of a folder to one client. It takes the lock of the folder for
// as long as a manifest is written, which changes the index, and not while layers arrive:
// a client that is slow, or means harm, keeps no one waiting.
type Handler struct {
	folder *folder
	blobs  *olareg.Server // has the uploads of this client
}

// Handler returns a handler of the registry's folder.
func (r *Registry) Handler() *Handler {
	return &Handler{folder: r.folder, blobs: r.folder.server(false, false)}
}

// maxManifest bounds a manifest, in bytes, as registries do.
const maxManifest = 4 << 20

// ServeHTTP answers a request of the OCI distribution protocol.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/blobs/"):
		h.blobs.ServeHTTP(w, r)
		return
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		h.folder.server(true, false).ServeHTTP(w, r)
		return
	}
	// The whole manifest is read before the lock is taken.
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxManifest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	end, err := h.folder.begin()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer end()
	whole := r.Clone(r.Context())
	whole.Body = io.NopCloser(bytes.NewReader(b))
	h.folder.current.Load().ServeHTTP(w, whole)
}
