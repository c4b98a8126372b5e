package process

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	commit1 = "1111111111111111111111111111111111111111"
	commit2 = "2222222222222222222222222222222222222222"
	index1  = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// file is an entry of a layer: a regular file, unless head has another type.
type file struct {
	name    string
	content string
	head    tar.Header
}

func layer(files ...file) v1.Layer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := f.head
		h.Name, h.Size = f.name, int64(len(f.content))
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(&h); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			panic(err)
		}
	}
	w.Close()
	return static.NewLayer(b.Bytes(), types.OCIUncompressedLayer)
}

func image(cfg v1.Config, layers ...v1.Layer) (v1.Image, error) {
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		return nil, err
	}
	cf, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cf = cf.DeepCopy()
	cf.OS, cf.Architecture, cf.Config = runtime.GOOS, runtime.GOARCH, cfg
	return mutate.ConfigFile(img, cf)
}

// binary is a layer with this test binary as /srv/app.
var binary = sync.OnceValues(func() (v1.Layer, error) {
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		name, _ := os.Executable()
		b, err = os.ReadFile(name)
	}
	return layer(file{name: "srv/", head: tar.Header{Typeflag: tar.TypeDir}}, file{name: "srv/app", content: string(b)}), err
})

// appImage is an image of the test application.
func appImage(mode string) (v1.Image, error) {
	l, err := binary()
	if err != nil {
		return nil, err
	}
	return image(v1.Config{
		Entrypoint: []string{"/srv/app", "app"}, WorkingDir: "/srv",
		Env: []string{"TESTAPP=" + mode, "PATH=/usr/bin:/srv", "HOME=/root"},
	}, l)
}

func deployment(img v1.Image, commit string) target.Deployment {
	return target.Deployment{
		App: "where2eat", Environment: "preview/pr-12", Commit: commit, Digest: index1, Image: img,
		Env:   map[string]string{"DATABASE_URL": "postgres://u:hunter2@db/x"},
		Ready: target.Ready{VersionPath: "/version", Timeout: 20 * time.Second},
	}
}

// bench is a target in a folder of its own, taken down with the test.
type bench struct {
	*testing.T
	*Target
	ctx context.Context
}

func newBench(t *testing.T) *bench {
	t.Parallel()
	b := &bench{t, &Target{Dir: t.TempDir(), Self: []string{os.Args[0], "supervise"}}, context.Background()}
	t.Cleanup(func() {
		logs, _ := filepath.Glob(b.Dir + "/*/gen-*/supervisor.log")
		for _, l := range logs {
			if said, _ := os.ReadFile(l); bytes.Contains(said, []byte("DATA RACE")) || bytes.Contains(said, []byte("panic: ")) {
				t.Errorf("supervisor: %s", said)
			}
		}
		if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) deployment(mode, commit string) target.Deployment {
	b.Helper()
	img, err := appImage(mode)
	if err != nil {
		b.Fatal(err)
	}
	return deployment(img, commit)
}

func (b *bench) mustDeploy(d target.Deployment) target.Running {
	b.Helper()
	r, err := b.Deploy(b.ctx, d)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (b *bench) up(mode, commit string) target.Running {
	b.Helper()
	return b.mustDeploy(b.deployment(mode, commit))
}

func (b *bench) status() target.Running {
	b.Helper()
	r, err := b.Status(b.ctx, "preview/pr-12")
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// dir is the environment's folder.
func (b *bench) dir() string {
	dir, err := b.folder("preview/pr-12")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// gen is the generation that serves.
func (b *bench) gen() *generation {
	b.Helper()
	g, err := openCurrent(b.dir())
	if err != nil {
		b.Fatal(err)
	}
	return g
}

func fetch(url string) (string, error) {
	res, err := (&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func (b *bench) fetch(url string) string {
	b.Helper()
	body, err := fetch(url)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func (b *bench) self(url string) self {
	b.Helper()
	var s self
	if err := json.Unmarshal([]byte(b.fetch(url+"/self")), &s); err != nil {
		b.Fatal(err)
	}
	return s
}

func (s self) env(name string) string {
	for _, kv := range s.Env {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
