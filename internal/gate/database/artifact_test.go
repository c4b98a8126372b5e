package database

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// bolt is the first page of a bbolt file.
var bolt = append(append(make([]byte, 16), 0xed, 0xda, 0x0c, 0xed), make([]byte, 4076)...)

type entry struct {
	name string
	body []byte
	kind byte
}

func dated(when time.Time) entry {
	return entry{name: "metadata.json", body: fmt.Appendf(nil, `{"Version":2,"NextUpdate":%q,"UpdatedAt":%q,"DownloadedAt":"0001-01-01T00:00:00Z"}`,
		when.Add(24*time.Hour).Format(time.RFC3339), when.Format(time.RFC3339Nano))}
}

func layer(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.body)), Typeflag: max(e.kind, tar.TypeReg)}
		if h.Typeflag != tar.TypeReg {
			h.Linkname = "/etc/passwd"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const trivyMedia = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"

// repository is a registry with one artifact in it; the handler may spoil its answers.
type repository struct {
	ref    string
	layers int // that were fetched
}

func publish(t *testing.T, media types.MediaType, spoil func(http.Handler) http.Handler, layers ...[]byte) *repository {
	t.Helper()
	repo := &repository{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if spoil == nil {
		spoil = func(h http.Handler) http.Handler { return h }
	}
	ready, spoiled := false, spoil(inner)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready {
			inner.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			repo.layers++
		}
		spoiled.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	repo.ref = strings.TrimPrefix(server.URL, "http://") + "/aquasec/trivy-db:2"
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for _, l := range layers {
		var err error
		if img, err = mutate.Append(img, mutate.Addendum{Layer: static.NewLayer(l, media)}); err != nil {
			t.Fatal(err)
		}
	}
	push(t, repo.ref, img)
	ready = true
	return repo
}

func push(t *testing.T, to string, img v1.Image) {
	t.Helper()
	ref, err := name.ParseReference(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
}

func trivyOptions(t *testing.T, c *clock, mirrors ...string) Options {
	o := options(t, c)
	o.Ecosystems, o.Trivy, o.TrivyMirrors = nil, true, mirrors
	return o
}

// TestTrivyDB proves GP-GATE-8: trivy's database comes from a registry, in the
// layout trivy reads, verified; its age is that of its content.
func TestTrivyDB(t *testing.T) {
	made := noon.Add(-3 * time.Hour)
	repo := publish(t, trivyMedia, nil, layer(t, entry{name: "./trivy.db", body: bolt}, dated(made)))
	c := &clock{now: noon}
	o := trivyOptions(t, c, repo.ref)
	got, err := Update(t.Context(), o)
	if err != nil || len(got) != 1 || got[0].State != Fetched {
		t.Fatalf("%+v, %v", got, err)
	}
	sum := sha256.Sum256(bolt)
	if r := got[0]; r.Name != "trivy-db" || r.Digest != "sha256:"+hex.EncodeToString(sum[:]) || !r.Time.Equal(made) || r.Age != 3*time.Hour ||
		!strings.HasPrefix(r.From, repo.ref+"@sha256:") || r.Size != int64(len(bolt)) {
		t.Errorf("%+v", r)
	}
	if !bytes.Equal(read1(t, o.Dir, TrivyDB), bolt) {
		t.Error("the file is not what was sent")
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, "trivy/db/metadata.json"))
	want := `{"Version":2,"NextUpdate":"2026-11-22T09:00:00Z","UpdatedAt":"2026-11-21T09:00:00Z","DownloadedAt":"2026-11-21T12:00:00Z"}`
	if d := cmp.Diff(want, string(text)); err != nil || d != "" {
		t.Error(err, d)
	}

	t.Run("GP-GATE-8 the same manifest is not fetched again", func(t *testing.T) {
		c.now = noon.Add(24 * time.Hour)
		got, err := Update(t.Context(), o)
		if err != nil || got[0].State != Unchanged || repo.layers != 1 {
			t.Fatalf("%+v, %v, %d layers", got, err, repo.layers)
		}
	})
	t.Run("GP-GATE-8 checked, and old for all that", func(t *testing.T) {
		c.now = noon.Add(9 * 24 * time.Hour)
		newer := publish(t, trivyMedia, nil, layer(t, dated(c.now.Add(-time.Hour)), entry{name: "trivy.db", body: bolt}))
		got, err := Update(t.Context(), o)
		if err == nil || got[0].State != Stale || !strings.Contains(err.Error(), "the existing copy is 9 days old (at most 7 days); "+repo.ref+": the mirror's data is of 2026-11-21") {
			t.Fatalf("%+v, %v", got, err)
		}
		gaps := Judge(o.Dir, []string{TrivyDB}, c.now, 0)
		if len(gaps) != 1 || gaps[0].What+" "+gaps[0].Why != "trivy-db is 9 days old (at most 7 days)" {
			t.Errorf("%+v", gaps)
		}
		o.TrivyMirrors = []string{repo.ref, newer.ref}
		if got, err = Update(t.Context(), o); err != nil || got[0].State != Fetched || !strings.HasPrefix(got[0].From, newer.ref) {
			t.Fatalf("the next mirror has a newer one: %+v, %v", got, err)
		}
	})
	t.Run("GP-GATE-8 a mirror that lags does not take us back", func(t *testing.T) {
		c.now = c.now.Add(24 * time.Hour)
		o.TrivyMirrors = []string{repo.ref}
		got, err := Update(t.Context(), o)
		if err != nil || got[0].State != Stale || !strings.Contains(got[0].Errors[0], "older than the existing data of") {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	t.Run("GP-GATE-8 a part is gone", func(t *testing.T) {
		if err := os.Remove(filepath.Join(o.Dir, "trivy/db/metadata.json")); err != nil {
			t.Fatal(err)
		}
		if gaps := Judge(o.Dir, []string{TrivyDB}, c.now, 0); len(gaps) != 1 {
			t.Errorf("gaps: %v", gaps)
		}
	})
}

// TestTrivyFaults proves GP-GATE-8: a layer that is not what it should be is not
// kept, and the next mirror is asked.
func TestTrivyFaults(t *testing.T) {
	made := dated(noon.Add(-time.Hour))
	db := entry{name: "trivy.db", body: bolt}
	good := layer(t, db, made)
	large := entry{name: "trivy.db", body: append(bytes.Clone(bolt), make([]byte, 8<<20)...)}
	answers := func(n int, answer http.HandlerFunc) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					h.ServeHTTP(w, r)
				} else if n--; n >= 0 {
					answer(w, r)
				} else {
					h.ServeHTTP(w, r)
				}
			})
		}
	}
	blobs := func(change func(w http.ResponseWriter, body []byte)) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
					h.ServeHTTP(w, r)
					return
				}
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				change(w, rec.Body.Bytes())
			})
		}
	}
	for name, test := range map[string]struct {
		media  types.MediaType
		layers [][]byte
		spoil  func(http.Handler) http.Handler
		waits  int
		said   string // empty: the first mirror does
	}{
		"503 burst":            {layers: [][]byte{good}, spoil: answers(3, status(503)), waits: 3},
		"429 with Retry-After": {layers: [][]byte{good}, spoil: answers(1, status(429, "Retry-After", "5")), waits: 1},
		"404":                  {layers: [][]byte{good}, spoil: answers(99, status(404)), said: "404"},
		"HTML page with 200": {layers: [][]byte{good}, waits: 1, said: "invalid character '<'", spoil: answers(99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!DOCTYPE html>")
		})},
		"wrong digest": {layers: [][]byte{good}, waits: 3, said: "sha256", spoil: blobs(func(w http.ResponseWriter, body []byte) {
			body[len(body)-20] ^= 1
			_, _ = w.Write(body)
		})},
		"connection reset mid-body": {layers: [][]byte{good}, waits: 3, said: "unexpected EOF", spoil: blobs(func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(body[:len(body)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})},
		"more than the manifest says": {layers: [][]byte{good}, waits: 3, said: "size", spoil: blobs(func(w http.ResponseWriter, body []byte) {
			_, _ = w.Write(append(body, make([]byte, 1000)...))
		})},
		"another media type":          {media: "application/vnd.oci.image.layer.v1.tar+gzip", layers: [][]byte{good}, waits: 1, said: "layer is of type"},
		"two layers":                  {layers: [][]byte{good, layer(t, made)}, waits: 1, said: "the artifact has 2 layers instead of one"},
		"gzip bomb":                   {layers: [][]byte{layer(t, large, made)}, waits: 1, said: "trivy.db has 8392704 bytes, more than the limit of 1048576"},
		"gzip bomb after the end":     {layers: [][]byte{layer(t, db, made, entry{name: ".", kind: tar.TypeDir}, entry{name: "metadata.json", body: make([]byte, 8<<20)})}, waits: 1, said: "only one trivy.db and one metadata.json are allowed"},
		"gzip bomb of nothing":        {layers: [][]byte{append(layer(t, db, made), zipped(t, strings.Repeat("\x00", 16<<20))...)}, waits: 1, said: "too much data after the end"},
		"path that escapes":           {layers: [][]byte{layer(t, db, made, entry{name: "../../evil", body: []byte("x")})}, waits: 1, said: `the layer contains "../../evil" (0)`},
		"absolute path":               {layers: [][]byte{layer(t, entry{name: "/trivy.db", body: bolt}, made)}, waits: 1, said: `the layer contains "/trivy.db" (0)`},
		"symbolic link":               {layers: [][]byte{layer(t, entry{name: "trivy.db", kind: tar.TypeSymlink}, made)}, waits: 1, said: `the layer contains "trivy.db" (2)`},
		"file twice":                  {layers: [][]byte{layer(t, db, db, made)}, waits: 1, said: `the layer contains "trivy.db" (0)`},
		"no metadata.json":            {layers: [][]byte{layer(t, db)}, waits: 1, said: "the layer has no metadata.json"},
		"no trivy.db":                 {layers: [][]byte{layer(t, made)}, waits: 1, said: "the layer has no usable trivy.db"},
		"no database":                 {layers: [][]byte{layer(t, entry{name: "trivy.db", body: []byte("<html>")}, made)}, waits: 1, said: "the layer has no usable trivy.db"},
		"huge metadata.json":          {layers: [][]byte{layer(t, db, entry{name: "metadata.json", body: make([]byte, 1<<17)})}, waits: 1, said: "metadata.json has more than 65536 bytes"},
		"metadata without a date":     {layers: [][]byte{layer(t, db, entry{name: "metadata.json", body: []byte(`{"Version":2}`)})}, waits: 1, said: "does not state when"},
		"another schema":              {layers: [][]byte{layer(t, db, entry{name: "metadata.json", body: []byte(`{"Version":3,"UpdatedAt":"2026-11-21T00:00:00Z"}`)})}, said: "the database has schema 3 instead of 2"},
		"of tomorrow":                 {layers: [][]byte{layer(t, db, dated(noon.Add(48*time.Hour)))}, said: "in the future"},
		"no gzip":                     {layers: [][]byte{bytes.Repeat([]byte("plain "), 50)}, waits: 1, said: "gzip"},
		"no tar":                      {layers: [][]byte{zipped(t, strings.Repeat("x", 2000))}, waits: 1, said: "tar"},
		"tar that ends in the middle": {layers: [][]byte{zipped(t, string(cut(t, good)))}, waits: 1, said: "EOF"},
	} {
		t.Run("GP-GATE-8 "+name, func(t *testing.T) {
			c := &clock{now: noon}
			media := test.media
			if media == "" {
				media = trivyMedia
			}
			first, second := publish(t, media, test.spoil, test.layers...), publish(t, trivyMedia, nil, good)
			o := trivyOptions(t, c, first.ref, second.ref)
			o.limits = limits{trivy: 1 << 20}
			got, err := Update(t.Context(), o)
			if err != nil || got[0].State != Fetched {
				t.Fatalf("%+v, %v", got, err)
			}
			if said := strings.Join(got[0].Errors, "\n"); (said == "") != (test.said == "") || !strings.Contains(said, test.said) {
				t.Errorf("says %q, want %q", said, test.said)
			}
			if len(c.waits) != test.waits {
				t.Errorf("waited %v", c.waits)
			}
			if (test.said == "") != strings.HasPrefix(got[0].From, first.ref) {
				t.Errorf("it is from %s", got[0].From)
			}
			if found := leftovers(t, o.Dir); len(found) > 0 {
				t.Errorf("left %v", found)
			}
			if !bytes.Equal(read1(t, o.Dir, TrivyDB), bolt) || Judge(o.Dir, []string{TrivyDB}, noon, 0) != nil {
				t.Error("the database is not usable")
			}
		})
	}
}

// cut is the first half of what is in a gzip.
func cut(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain[:2048]
}

// TestJavaDB: the optional database is judged by when it was checked.
func TestJavaDB(t *testing.T) {
	sqlite := append([]byte("SQLite format 3\x00"), make([]byte, 100)...)
	meta := entry{name: "metadata.json", body: []byte(`{"Version":1,"UpdatedAt":"2026-11-01T00:00:00Z","NextUpdate":"2026-11-04T00:00:00Z"}`)}
	repo := publish(t, "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip", nil, layer(t, entry{name: "trivy-java.db", body: sqlite}, meta))
	o := options(t, &clock{now: noon})
	o.Ecosystems, o.Java, o.JavaMirrors = nil, true, []string{repo.ref}
	got, err := Update(t.Context(), o)
	if err != nil || got[0].State != Fetched || got[0].Age != 0 || Judge(o.Dir, []string{TrivyJavaDB}, noon, 0) != nil {
		t.Fatalf("%+v, %v", got, err)
	}
}
