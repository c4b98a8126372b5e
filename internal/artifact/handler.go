package artifact

import (
	"net/http"
	"sync"

	"github.com/olareg/olareg"
)

// Handler serves the registry of a folder to one client. From the first request that writes
// until Close it holds the lock of the folder.
type Handler struct {
	folder *folder
	mu     sync.Mutex
	server *olareg.Server
	end    func()
}

// Handler returns a handler of the registry's folder. The caller must close it.
func (r *Registry) Handler() *Handler { return &Handler{folder: r.folder} }

// ServeHTTP answers a request of the OCI distribution protocol.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	server, err := h.open(r.Method != http.MethodGet && r.Method != http.MethodHead)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	server.ServeHTTP(w, r)
}

func (h *Handler) open(writes bool) (*olareg.Server, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.server != nil:
		return h.server, nil
	case !writes:
		return h.folder.server(true, false), nil
	}
	end, err := h.folder.begin()
	if err != nil {
		return nil, err
	}
	h.server, h.end = h.folder.current.Load(), end
	return h.server, nil
}

// Close releases the lock.
func (h *Handler) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.end != nil {
		h.end()
		h.server, h.end = nil, nil
	}
	return nil
}
