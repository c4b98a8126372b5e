package image

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/metadata"
	trivydb "github.com/aquasecurity/trivy-db/pkg/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	bolt "go.etcd.io/bbolt"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// Alpine 3.18 and curl 8.3.0, as apk writes them; 3.18 ended in May 2025.
const (
	apkCurl = "C:Q1S8ivw8R9C6Yw3Bk9bTjFwXkZ2hs=\nP:curl\nV:8.3.0-r0\nA:x86_64\nS:144180\nI:262144\nT:URL retrival utility and library\n" +
		"U:https://curl.se/\nL:curl\no:curl\nm:Natanael Copa <ncopa@alpinelinux.org>\nt:1694595834\nc:8d0b8cf3d4ea4a8c0e5a0f3b9c4f8a4a5a6b7c8d\n\n"
	dpkgCurl = "Package: curl\nStatus: install ok installed\nPriority: optional\nSection: web\nInstalled-Size: 500\n" +
		"Maintainer: Alessandro Ghedini <ghedo@debian.org>\nArchitecture: amd64\nVersion: 7.88.1-10+deb12u3\nDescription: command line tool\n\n"
	debian12 = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"
	minimist = `{"name":"minimist","version":"1.2.5","license":"MIT"}`
)

var (
	alpine = map[string]string{"etc/alpine-release": "3.18.4\n", "lib/apk/db/installed": apkCurl}
	node   = map[string]string{"app/node_modules/minimist/package.json": minimist}
)

// databases makes a trivy-db of a few facts:
//   - https://curl.se/docs/CVE-2023-38545.html, Alpine's secdb for v3.18 (8.4.0-r0), DSA-5523-1
//   - https://pkg.go.dev/vuln/GO-2022-1059
//   - https://github.com/advisories/GHSA-xvch-5gv4-984h
func databases(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	to := filepath.Join(dir, "trivy", "db")
	if err := db.Init(to); err != nil {
		t.Fatal(err)
	}
	published := func(text string) *time.Time {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return &day
	}
	c := db.Config{}
	err := c.BatchUpdate(func(tx *bolt.Tx) error {
		advisory := func(bucket, pkg, id string, source trivydb.DataSource, a trivydb.Advisory) error {
			return errors.Join(c.PutDataSource(tx, bucket, source), c.PutAdvisoryDetail(tx, id, pkg, []string{bucket}, a), c.SaveAdvisoryDetails(tx, id))
		}
		ghsa := trivydb.DataSource{ID: "ghsa", Name: "GitHub Security Advisory", URL: "https://github.com/advisories"}
		return errors.Join(
			advisory("alpine 3.18", "curl", "CVE-2023-38545", trivydb.DataSource{ID: "alpine", Name: "Alpine Secdb"}, trivydb.Advisory{FixedVersion: "8.4.0-r0"}),
			advisory("debian 12", "curl", "CVE-2023-38545", trivydb.DataSource{ID: "debian", Name: "Debian Security Tracker"},
				trivydb.Advisory{FixedVersion: "7.88.1-10+deb12u4", VendorIDs: []string{"DSA-5523-1"}}),
			advisory("go::GitHub Security Advisory Go", "golang.org/x/text", "CVE-2022-32149", ghsa,
				trivydb.Advisory{VendorIDs: []string{"GHSA-69ch-w2m2-3vjp"}, PatchedVersions: []string{"0.3.8"}, VulnerableVersions: []string{"<0.3.8"}}),
			advisory("npm::GitHub Security Advisory npm", "minimist", "CVE-2021-44906", ghsa,
				trivydb.Advisory{VendorIDs: []string{"GHSA-xvch-5gv4-984h"}, PatchedVersions: []string{"1.2.6", "0.2.4"}, VulnerableVersions: []string{">=1.0.0, <1.2.6", "<0.2.4"}}),
			c.PutVulnerability(tx, "CVE-2023-38545", trivydb.Vulnerability{
				Title: "curl: heap based buffer overflow in the SOCKS5 proxy handshake", PublishedDate: published("2023-10-18"),
				VendorSeverity: trivydb.VendorSeverity{"nvd": trivydb.SeverityCritical, "redhat": trivydb.SeverityHigh},
				CVSS:           trivydb.VendorCVSS{"nvd": {V3Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", V3Score: 9.8}},
			}),
			c.PutVulnerability(tx, "CVE-2022-32149", trivydb.Vulnerability{
				Title: "golang.org/x/text/language: ParseAcceptLanguage takes a long time to parse complex tags", PublishedDate: published("2022-10-14"),
				VendorSeverity: trivydb.VendorSeverity{"nvd": trivydb.SeverityHigh, "ghsa": trivydb.SeverityHigh},
				CVSS:           trivydb.VendorCVSS{"nvd": {V3Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", V3Score: 7.5}},
			}),
			c.PutVulnerability(tx, "CVE-2021-44906", trivydb.Vulnerability{
				Title: "minimist: prototype pollution", PublishedDate: published("2022-03-17"),
				VendorSeverity: trivydb.VendorSeverity{"ghsa": trivydb.SeverityCritical},
				CVSS:           trivydb.VendorCVSS{"ghsa": {V3Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", V3Score: 9.8}},
			}),
		)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := metadata.NewClient(to).Update(metadata.Metadata{Version: db.SchemaVersion, UpdatedAt: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// goBinary compiles a program that uses golang.org/x/text v0.3.7, as its build
// information says.
func goBinary(t *testing.T) string {
	t.Helper()
	dir := gatetest.Write(t, map[string]string{
		"go.mod":                                 "module example.com/app\n\ngo 1.21\n\nrequire golang.org/x/text v0.3.7\n",
		"main.go":                                "package main\n\nimport _ \"golang.org/x/text/language\"\n\nfunc main() {}\n",
		"vendor/golang.org/x/text/language/a.go": "package language\n",
		"vendor/modules.txt":                     "# golang.org/x/text v0.3.7\n## explicit; go 1.17\ngolang.org/x/text/language\n",
	})
	cmd := exec.Command("go", "build", "-mod=vendor", "-o", "app", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0", "GOOS=linux", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "app"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// layerOf has these files; what lies in a bin folder is executable.
func layerOf(t testing.TB, files map[string]string) v1.Layer {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mode := int64(0o644)
		if strings.Contains(name, "bin/") {
			mode = 0o755
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: mode}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return rawLayer(t, buf.Bytes())
}

func rawLayer(t testing.TB, text []byte) v1.Layer {
	t.Helper()
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func imageOf(t testing.TB, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// saved writes the image as an OCI layout.
func saved(t testing.TB, img v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err == nil {
		err = path.AppendImage(img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func tarOf(t *testing.T, dir string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(file)
	if err := errors.Join(w.AddFS(os.DirFS(dir)), w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

func packed(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.WriteFile(file+".gz", buf.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return file + ".gz"
}

func scanImage(t *testing.T, i *Scanner, databases string) gate.Result {
	t.Helper()
	res, err := i.Scan(context.Background(), gate.Input{Databases: databases})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// rows are "rule path severity status" of the findings.
func rows(res gate.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		out = append(out, strings.Join([]string{f.Rule, f.At.Path, string(f.Severity), string(f.Status)}, " "))
	}
	return out
}

func whats(gaps []gate.Gap) []string {
	out := []string{}
	for _, g := range gaps {
		out = append(out, g.What+": "+g.Why)
	}
	return out
}

func writeZip(t *testing.T, w io.Writer, files map[string]string) {
	t.Helper()
	z := zip.NewWriter(w)
	for name, text := range files {
		file, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
