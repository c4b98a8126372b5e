package artifact

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"
)

// folder is a registry in a folder. It needs no socket: requests are served in this
// process by olareg's handler. Each repository in the folder is an OCI layout, which
// other tools can read.
//
// olareg caches its index in memory for a while. Other processes write to the
// folder too, so each operation takes the folder's lock and reads the index from
// disk.
type folder struct {
	dir     string
	grace   time.Duration                 // how long Prune keeps what was written lately; negative: not at all
	current atomic.Pointer[olareg.Server] // of the operation in progress; nil: none
}

// begin starts an operation. The caller must call end.
func (f *folder) begin() (end func(), err error) {
	lock := flock.New(filepath.Join(f.dir, ".lock"))
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("cannot lock registry folder %s: %w", f.dir, err)
	}
	server := f.server(false, false)
	f.current.Store(server)
	return func() {
		f.current.CompareAndSwap(server, nil)
		// Unlock fails only if the file is closed already.
		_ = lock.Unlock()
	}, nil
}

// server returns an olareg server, which holds no file and no goroutine. Its Close removes
// the files that no image and no evidence needs, so only Prune closes it.
func (f *folder) server(readOnly, deletes bool) *olareg.Server {
	off := false
	return olareg.New(config.Config{
		API: config.ConfigAPI{DeleteEnabled: &deletes},
		Storage: config.ConfigStorage{
			StoreType: config.StoreDir, RootDir: f.dir, ReadOnly: &readOnly,
			GC: config.ConfigGC{Frequency: -1, GracePeriod: f.grace, Untagged: &off, EmptyRepo: &off, ReferrersDangling: &off, ReferrersWithSubj: &off},
		},
	})
}

// RoundTrip serves a request in this process. Outside an operation, the registry is
// read-only: it serves the layers of an image that was resolved earlier.
func (f *folder) RoundTrip(req *http.Request) (*http.Response, error) {
	server := f.current.Load()
	if server == nil {
		server = f.server(true, false)
	}
	return serve(server, req)
}

// InProcess returns a transport whose requests a handler serves in this process.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ http.Handler }

// RoundTrip serves a request.
func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) { return serve(t.Handler, req) }

// serve runs the handler and returns its response while the body is written.
func serve(h http.Handler, req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	r, w := io.Pipe()
	out := &response{header: http.Header{}, body: w, ready: make(chan struct{})}
	go func() {
		h.ServeHTTP(out, in)
		out.WriteHeader(http.StatusOK)
		w.Close()
		if req.Body != nil {
			req.Body.Close()
		}
	}()
	<-out.ready
	res := &http.Response{
		StatusCode: out.status, Status: fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: out.sent, Body: r, Request: req, ContentLength: -1,
	}
	if _, err := fmt.Sscan(out.sent.Get("Content-Length"), &res.ContentLength); err != nil {
		res.ContentLength = -1
	}
	if req.Method == http.MethodHead {
		res.Body = http.NoBody
		go func() { _, _ = io.Copy(io.Discard, r) }()
	}
	return res, nil
}

// response is a ResponseWriter over a pipe.
type response struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	ready        chan struct{}
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	}
}

func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
