//go:build e2e

package workflows

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// cloudToken is what the cloud's login gives a run, and what the cloud requires.
const cloudToken = "ya29.canary-of-the-cloud"

// cloud is a small cloud: a bucket that speaks the protocol of Google Cloud Storage, in
// which Terraform's own backend keeps its states and its locks; services that run an image
// of the registry; and the registry. Bucket and services require the token.
type cloud struct {
	t        *testing.T
	url      string
	registry string // host:port

	mu       sync.Mutex
	objects  map[string]object
	next     int64 // generation
	services map[string]*service
	refuse   string        // why no service is created or changed; "": it is
	hang     chan struct{} // requests for services wait until it is closed; nil: they do not
	waits    chan struct{} // gets a value when a request begins to wait
	denied   []string      // requests without the token
}

type object struct {
	content    []byte
	generation int64
}

// service is an image that runs as a process of this machine, at an address that stays.
type service struct {
	image string
	cmd   *exec.Cmd
	to    atomic.Pointer[url.URL]
	front *httptest.Server
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, objects: map[string]object{}, services: map[string]*service{}, next: 1000, waits: make(chan struct{}, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /storage/v1/b/states/o", c.list)
	mux.HandleFunc("GET /storage/v1/b/states/o/{name...}", c.attributes)
	mux.HandleFunc("DELETE /storage/v1/b/states/o/{name...}", c.deleteObject)
	mux.HandleFunc("POST /upload/storage/v1/b/states/o", c.upload)
	mux.HandleFunc("GET /states/{name...}", c.read)
	mux.HandleFunc("PUT /services/{name}", c.put)
	mux.HandleFunc("DELETE /services/{name}", c.deleteService)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the cloud does not know %s %s", r.Method, r.URL)
		http.NotFound(w, r)
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+cloudToken {
			c.mu.Lock()
			c.denied = append(c.denied, r.Method+" "+r.URL.Path)
			c.mu.Unlock()
			http.Error(w, "no credential", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	images := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(func() {
		for name := range c.services {
			c.stop(name)
		}
		s.CloseClientConnections()
		s.Close()
		images.Close()
	})
	c.url, c.registry = s.URL, strings.TrimPrefix(images.URL, "http://")
	return c
}

// running returns the image of a service, or "".
func (c *cloud) running(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.services[name]; s != nil {
		return s.image
	}
	return ""
}

// names returns the objects in the bucket: states and locks, without the empty state of the
// default workspace, which Terraform itself creates.
func (c *cloud) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for name := range c.objects {
		if !strings.HasSuffix(name, "/default.tfstate") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (o object) describe(name string) map[string]any {
	return map[string]any{
		"kind": "storage#object", "name": name, "bucket": "states", "size": strconv.Itoa(len(o.content)),
		"generation": strconv.FormatInt(o.generation, 10), "metageneration": "1",
	}
}

func (c *cloud) list(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := []any{}
	for name, o := range c.objects {
		if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
			items = append(items, o.describe(name))
		}
	}
	answer(w, map[string]any{"kind": "storage#objects", "items": items})
}

// object returns the object that a request names, or answers that there is none.
func (c *cloud) object(w http.ResponseWriter, r *http.Request) (o object, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, ok = c.objects[r.PathValue("name")]; !ok {
		http.NotFound(w, r)
	}
	return o, ok
}

func (c *cloud) attributes(w http.ResponseWriter, r *http.Request) {
	if o, ok := c.object(w, r); ok {
		answer(w, o.describe(r.PathValue("name")))
	}
}

func (c *cloud) read(w http.ResponseWriter, r *http.Request) {
	o, ok := c.object(w, r)
	if !ok {
		return
	}
	w.Header().Set("X-Goog-Generation", strconv.FormatInt(o.generation, 10))
	w.Header().Set("X-Goog-Metageneration", "1")
	_, _ = w.Write(o.content)
}

// met reports whether the condition of a request holds: ifGenerationMatch=0 means that
// there must be no object.
func met(r *http.Request, o object) bool {
	want := r.URL.Query().Get("ifGenerationMatch")
	return want == "" || want == strconv.FormatInt(o.generation, 10)
}

func (c *cloud) deleteObject(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := r.PathValue("name")
	switch o, ok := c.objects[name]; {
	case !ok:
		http.NotFound(w, r)
	case !met(r, o):
		http.Error(w, "conditionNotMet", http.StatusPreconditionFailed)
	default:
		delete(c.objects, name)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (c *cloud) upload(w http.ResponseWriter, r *http.Request) {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	var content [2]bytes.Buffer
	for i := range content {
		part, err := parts.NextPart()
		if err == nil {
			_, err = io.Copy(&content[i], part)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	var meta struct{ Name string }
	if err := json.Unmarshal(content[0].Bytes(), &meta); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !met(r, c.objects[meta.Name]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = io.WriteString(w, `{"error": {"code": 412, "message": "conditionNotMet"}}`)
		return
	}
	c.next++
	c.objects[meta.Name] = object{content[1].Bytes(), c.next}
	answer(w, c.objects[meta.Name].describe(meta.Name))
}

func (c *cloud) put(w http.ResponseWriter, r *http.Request) {
	image, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	refuse, hang := c.refuse, c.hang
	c.mu.Unlock()
	if refuse != "" {
		http.Error(w, refuse, http.StatusForbidden)
		return
	}
	if hang != nil {
		c.waits <- struct{}{}
		select {
		case <-hang:
		case <-r.Context().Done():
			return
		}
	}
	if err := c.start(r.PathValue("name"), string(image)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (c *cloud) deleteService(_ http.ResponseWriter, r *http.Request) { c.stop(r.PathValue("name")) }

func (c *cloud) stop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.services[name]; s != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.front.Close()
		delete(c.services, name)
	}
}

// start pulls an image and runs it. A service that runs keeps its address.
func (c *cloud) start(name, image string) error {
	img, err := crane.Pull(image, crane.Insecure)
	if err != nil {
		return err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.t.TempDir(), "service-")
	if err != nil {
		return err
	}
	files := mutate.Extract(img)
	defer files.Close()
	if err := extract(tar.NewReader(files), dir); err != nil {
		return err
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := free.Addr().String()
	_ = free.Close()
	argv := file.Config.Entrypoint
	cmd := exec.Command(filepath.Join(dir, argv[0]), append(argv[1:], file.Config.Cmd...)...)
	cmd.Dir, cmd.Env = dir, append(file.Config.Env, "PORT="+at[strings.LastIndex(at, ":")+1:], "DATA_DIR="+dir, "HOST=127.0.0.1")
	if err := cmd.Start(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.services[name]
	if s == nil {
		s = &service{}
		s.to.Store(&url.URL{Scheme: "http", Host: at})
		front := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(s.to.Load())
		}}
		// The address can be known before the service exists, like a domain of one's own.
		l, err := net.Listen("tcp", address(name))
		if err != nil {
			_ = cmd.Process.Kill()
			return err
		}
		s.front = &httptest.Server{Listener: l, Config: &http.Server{Handler: front}}
		s.front.Start()
		c.services[name] = s
	} else {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	s.image, s.cmd = image, cmd
	s.to.Store(&url.URL{Scheme: "http", Host: at})
	return nil
}

// address returns where a service answers.
func address(name string) string {
	port := map[string]int{"pr-7": 31907, "staging": 31901, "production": 31902}[name]
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func extract(in *tar.Reader, dir string) error {
	for {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.Clean("/"+h.Name))
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, h.FileInfo().Mode().Perm()|0o500)
		if err == nil {
			_, err = io.Copy(f, in)
			_ = f.Close()
		}
		if err != nil {
			return err
		}
	}
}
