package image

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/metadata"
	trivydb "github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	bolt "go.etcd.io/bbolt"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/gate/image/oci"
	"github.com/seed-b235b314/goldenpath/internal/gate/trivy"
	"github.com/seed-b235b314/goldenpath/internal/report"
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

// GP-GATE-1: every form of reference leads to the same findings.
func TestImageReferences(t *testing.T) {
	data := databases(t)
	img := imageOf(t, layerOf(t, alpine), layerOf(t, node), layerOf(t, map[string]string{"usr/local/bin/app": goBinary(t)}))
	other := imageOf(t, layerOf(t, map[string]string{"etc/motd": "arm"}))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repo := strings.TrimPrefix(server.URL, "http://") + "/team/app"
	tag, err := name.NewTag(repo + ":1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	whole, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	one := saved(t, img)
	several := t.TempDir()
	if _, err := layout.Write(several, index); err != nil {
		t.Fatal(err)
	}
	docker := filepath.Join(t.TempDir(), "saved.tar")
	if err := tarball.WriteToFile(docker, tag, img); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"os-end-of-life  medium new", "CVE-2023-38545  critical new",
		"CVE-2021-44906 app/node_modules/minimist/package.json critical new", "CVE-2022-32149 usr/local/bin/app high new",
	}
	slices.Sort(want)
	for _, tt := range []struct{ form, ref, covered string }{
		{"tag", repo + ":1", repo + ":1@" + whole.String()},
		{"digest of the index", repo + "@" + whole.String(), repo + "@" + whole.String()},
		{"digest", repo + "@" + digest.String(), repo + "@" + digest.String()},
		{"layout", "oci:" + one, "oci:" + one + "@" + digest.String()},
		{"folder", one, one + "@" + digest.String()},
		{"layout of several", several, several + "@" + digest.String()},
		{"layout by digest", several + "@" + digest.String(), several + "@" + digest.String()},
		{"tar of a layout", tarOf(t, one), "image.tar@" + digest.String()},
		{"docker save", docker, "saved.tar@sha256:"},
		{"docker save, packed", packed(t, docker), "saved.tar.gz@sha256:"},
	} {
		t.Run(tt.form, func(t *testing.T) {
			res := scanImage(t, &Scanner{Ref: tt.ref}, data)
			got := rows(res)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" || len(res.Missing) != 0 {
				t.Errorf("%s%v", diff, res.Missing)
			}
			if !strings.HasPrefix(res.Covered, tt.covered) || !strings.Contains(res.Covered, "alpine 3.18.4 with 1 package, ") || !res.Compared {
				t.Errorf("covered %q, want %q…", res.Covered, tt.covered)
			}
		})
	}
	t.Run("platform", func(t *testing.T) {
		if got := rows(scanImage(t, &Scanner{Ref: repo + ":1", Platform: "linux/arm64"}, data)); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("offline", func(t *testing.T) {
		if _, err := (&Scanner{Ref: repo + ":1"}).Scan(context.Background(), gate.Input{Offline: true}); err == nil || !strings.Contains(err.Error(), "offline") {
			t.Error(err)
		}
	})
	t.Run("not there", func(t *testing.T) {
		for _, ref := range []string{repo + ":2", "oci:" + t.TempDir(), one + "@sha256:" + strings.Repeat("0", 64), "no such:image:at all"} {
			if _, err := (&Scanner{Ref: ref}).Scan(context.Background(), gate.Input{}); err == nil {
				t.Error(ref)
			}
		}
	})
}

// GP-GATE-2: a finding has all known fields.
func TestImageFinding(t *testing.T) {
	img := saved(t, imageOf(t, layerOf(t, alpine), layerOf(t, node)))
	res := scanImage(t, &Scanner{Ref: img}, databases(t))
	day := func(year, month, day int) *time.Time {
		d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		return &d
	}
	want := []report.Finding{
		{
			Rule: "os-end-of-life", Severity: report.Medium, Status: report.New, Rated: "by the rule",
			Message: "alpine 3.18.4 no longer gets security updates", Fix: "use a maintained release of alpine as the base image",
		},
		{
			Rule: "CVE-2023-38545", Severity: report.Critical, Status: report.New, Rated: "CVSS 3.1 score 9.8 of nvd", Published: day(2023, 10, 18),
			Message: "curl: heap based buffer overflow in the SOCKS5 proxy handshake", Package: "pkg:apk/alpine/curl@8.3.0-r0?arch=x86_64&distro=3.18.4",
			Fixed: "8.4.0-r0", Fix: "rebuild on a newer base image, or upgrade curl to 8.4.0-r0 in the Dockerfile",
		},
		{
			Rule: "CVE-2021-44906", Aliases: []string{"GHSA-xvch-5gv4-984h"}, Severity: report.Critical, Status: report.New,
			Rated: "CVSS 3.1 score 9.8 of ghsa", Published: day(2022, 3, 17), Message: "minimist: prototype pollution", Package: "pkg:npm/minimist@1.2.5",
			At: report.Location{Path: "app/node_modules/minimist/package.json"}, Fixed: "1.2.6", Fix: "update minimist to 1.2.6 and rebuild the image",
		},
	}
	got := slices.Clone(res.Findings)
	for i := range got {
		if len(got[i].Fingerprint) != 32 {
			t.Errorf("fingerprint %q", got[i].Fingerprint)
		}
		got[i].Fingerprint = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	packages := []gate.Package{
		{PURL: "pkg:apk/alpine/curl@8.3.0-r0?arch=x86_64&distro=3.18.4", Licences: []string{"curl"}, Image: true},
		{PURL: "pkg:npm/minimist@1.2.5", At: report.Location{Path: "app/node_modules/minimist/package.json"}, Licences: []string{"MIT"}, Image: true},
	}
	if diff := cmp.Diff(packages, res.Packages); diff != "" {
		t.Error(diff)
	}
	if d := res.Database; len(d) != 1 || d[0].Name != "trivy-db" || !strings.HasPrefix(d[0].Digest, "sha256:") || d[0].Time != *day(2026, 8, 1) {
		t.Errorf("%+v", d)
	}
	// The same in another layer, with another digest, and of the next vulnerable version.
	again := maps.Clone(node)
	again["app/node_modules/minimist/package.json"] = strings.Replace(minimist, "1.2.5", "1.2.4", 1)
	more := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, layerOf(t, again), layerOf(t, alpine)))}, databases(t))
	for i := range res.Findings {
		if a, b := res.Findings[i].Fingerprint, more.Findings[i].Fingerprint; a != b {
			t.Errorf("%s: %s, %s", res.Findings[i].Rule, a, b)
		}
	}
}

func TestImageOfDebian(t *testing.T) {
	img := saved(t, imageOf(t, layerOf(t, map[string]string{"etc/os-release": debian12, "etc/debian_version": "12.1\n", "var/lib/dpkg/status": dpkgCurl})))
	res := scanImage(t, &Scanner{Ref: img}, databases(t))
	if len(res.Missing) != 0 {
		t.Errorf("%v", res.Missing)
	}
	i := slices.IndexFunc(res.Findings, func(f report.Finding) bool { return f.Rule == "CVE-2023-38545" })
	if i < 0 || res.Findings[i].Fixed != "7.88.1-10+deb12u4" || !slices.Equal(res.Findings[i].Aliases, []string{"DSA-5523-1"}) {
		t.Errorf("%+v", res.Findings)
	}
}

// GP-GATE-4: findings that the image of the base also has are known.
func TestImageBase(t *testing.T) {
	data := databases(t)
	base := imageOf(t, layerOf(t, alpine))
	app, err := mutate.AppendLayers(base, layerOf(t, node))
	if err != nil {
		t.Fatal(err)
	}
	res := scanImage(t, &Scanner{Ref: saved(t, app), Base: saved(t, base)}, data)
	want := []string{"os-end-of-life  medium known", "CVE-2023-38545  critical known", "CVE-2021-44906 app/node_modules/minimist/package.json critical new"}
	if diff := cmp.Diff(want, rows(res)); diff != "" || !res.Compared {
		t.Error(diff)
	}
	if _, err := (&Scanner{Ref: saved(t, app), Base: "oci:" + t.TempDir()}).Scan(context.Background(), gate.Input{Databases: data}); err == nil {
		t.Error("a missing base has no error")
	}
	// A file that a later layer removes is ignored.
	gone := imageOf(t, layerOf(t, alpine), layerOf(t, node), layerOf(t, map[string]string{"app/node_modules/.wh.minimist": ""}))
	if got := rows(scanImage(t, &Scanner{Ref: saved(t, gone)}, data)); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// GP-GATE-8: what could not be looked up is a gap.
func TestImageGaps(t *testing.T) {
	data := databases(t)
	var jar bytes.Buffer
	writeZip(t, &jar, map[string]string{"META-INF/maven/com.example/lib/pom.properties": "groupId=com.example\nartifactId=lib\nversion=1.0.0\n"})
	for _, tt := range []struct {
		name, databases string
		files           map[string]string
		gap             string
		packages        int
	}{
		{"no database", "", alpine, "there is no vulnerability database", 1},
		{"no file of it", t.TempDir(), alpine, "there is no vulnerability database", 1},
		{"release without advisories", data, map[string]string{"etc/alpine-release": "3.99.0\n", "lib/apk/db/installed": apkCurl}, "no advisories for alpine 3.99", 1},
		{"language without advisories", data, map[string]string{"gems/specifications/rake-13.0.6.gemspec": "Gem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0.6\"\nend\n"}, "no advisories for them", 1},
		{"system without packages", data, map[string]string{"etc/alpine-release": "3.18.4\n"}, "no list of installed packages", 0},
		{"packages without system", data, map[string]string{"lib/apk/db/installed": apkCurl}, "no file identifies their distribution", 0},
		{"broken database of rpm", data, map[string]string{"var/lib/rpm/Packages": "not a database"}, "var/lib/rpm/Packages in the image", 0},
		{"archive of Java", data, map[string]string{"app/lib.jar": jar.String()}, "no Java database", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, layerOf(t, tt.files)))}, tt.databases)
			if !slices.ContainsFunc(whats(res.Missing), func(s string) bool { return strings.Contains(s, tt.gap) }) || len(res.Packages) != tt.packages {
				t.Errorf("%q %+v", whats(res.Missing), res.Packages)
			}
			for _, g := range res.Missing {
				if g.Remedy == "" {
					t.Errorf("%+v", g)
				}
			}
		})
	}
	t.Run("broken input of a package's own tests", func(t *testing.T) {
		res := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, layerOf(t, map[string]string{"app/node_modules/resolve/test/malformed/package.json": "{"})))}, data)
		if len(res.Missing) != 0 || !strings.Contains(res.Covered, "1 file that cannot be parsed: app/node_modules/resolve/test/malformed/package.json") {
			t.Errorf("%q %v", res.Covered, res.Missing)
		}
	})
}

// GP-GATE-8: a broken database is an error, and is not changed.
func TestImageBrokenDatabase(t *testing.T) {
	img := saved(t, imageOf(t, layerOf(t, alpine), layerOf(t, node)))
	for _, tt := range []struct {
		name   string
		damage func(file string) error
	}{
		{"truncated", func(f string) error { return os.Truncate(f, 20<<10) }},
		{"empty", func(f string) error { return os.Truncate(f, 0) }},
		{"no database", func(f string) error { return os.WriteFile(f, bytes.Repeat([]byte("x"), 64<<10), 0o600) }},
		{"garbage in its pages", func(f string) error {
			text, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			return os.WriteFile(f, append(text[:16<<10], bytes.Repeat([]byte{0xff}, len(text)-16<<10)...), 0o600)
		}},
		{"metadata", func(f string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(f), "metadata.json"), []byte("{"), 0o600)
		}},
		{"other schema", func(f string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(f), "metadata.json"), []byte(`{"Version":3}`), 0o600)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := databases(t)
			file := filepath.Join(data, "trivy", "db", "trivy.db")
			if err := tt.damage(file); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			res, err := (&Scanner{Ref: img}).Scan(context.Background(), gate.Input{Databases: data})
			if err == nil {
				t.Errorf("%v %v", rows(res), res.Missing)
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
	t.Run("without metadata", func(t *testing.T) {
		data := databases(t)
		if err := os.Remove(filepath.Join(data, "trivy", "db", "metadata.json")); err != nil {
			t.Fatal(err)
		}
		if res := scanImage(t, &Scanner{Ref: img}, data); len(res.Missing) != 1 || len(res.Findings) != 0 {
			t.Errorf("%+v", res)
		}
	})
}

func TestImageHostile(t *testing.T) {
	t.Run("paths and links stay in the image", func(t *testing.T) {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		for _, h := range []tar.Header{
			{Typeflag: tar.TypeSymlink, Name: "etc", Linkname: "/etc"},
			{Typeflag: tar.TypeReg, Name: "../../../../etc/alpine-release", Size: 7},
			{Typeflag: tar.TypeSymlink, Name: "lib/apk/db/installed", Linkname: "/proc/self/environ"},
			{Typeflag: tar.TypeReg, Name: "/../lib/apk/db/installed", Size: int64(len(apkCurl))},
			{Typeflag: tar.TypeReg, Name: "x/../../../../../tmp/requirements.dist-info/METADATA", Size: 4},
		} {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if h.Size > 0 {
				if _, err := w.Write([]byte((map[int64]string{7: "3.18.4\n", 4: "Name"}[h.Size] + apkCurl)[:h.Size])); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		res := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, rawLayer(t, buf.Bytes())))}, databases(t))
		if got := rows(res); !slices.Contains(got, "CVE-2023-38545  critical new") {
			t.Errorf("%v %v", got, res.Missing)
		}
	})
	t.Run("bomb", func(t *testing.T) {
		img := saved(t, imageOf(t, layerOf(t, map[string]string{"zeros": strings.Repeat("\x00", 64<<20)})))
		_, err := (&Scanner{Ref: img, MaxUnpacked: 1 << 20}).Scan(context.Background(), gate.Input{})
		if err == nil || !strings.Contains(err.Error(), "unpack to more than 1.0 MiB") {
			t.Error(err)
		}
	})
	t.Run("a file of a lying size", func(t *testing.T) {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "lib/apk/db/installed", Size: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		buf.WriteString(apkCurl)
		refused(t, imageOf(t, rawLayer(t, buf.Bytes())), "unexpected EOF")
	})
	t.Run("archives without end", func(t *testing.T) {
		text := "PK"
		for range maxJarDepth + 2 {
			var buf bytes.Buffer
			writeZip(t, &buf, map[string]string{"a.jar": text})
			text = buf.String()
		}
		res := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, layerOf(t, map[string]string{"a.jar": text})))}, databases(t))
		if !slices.ContainsFunc(whats(res.Missing), func(s string) bool { return strings.HasPrefix(s, "a.jar in the image: too large") }) {
			t.Errorf("%v", whats(res.Missing))
		}
	})
}

func refused(t *testing.T, img v1.Image, why string) {
	t.Helper()
	if res, err := (&Scanner{Ref: saved(t, img)}).Scan(context.Background(), gate.Input{}); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%+v %v", res, err)
	}
}

// Nothing is printed or left behind, also while the scanner of configuration runs.
func TestImageLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	data := databases(t)
	img := saved(t, imageOf(t, layerOf(t, alpine), layerOf(t, map[string]string{"var/lib/rpm/Packages": "x", "a.jar": "PK"})))
	in := gate.Input{Dir: gatetest.Write(t, map[string]string{"Dockerfile": "FROM alpine:latest\n"}), Files: []gate.File{{Path: "Dockerfile"}}}
	got := gatetest.Printed(t, func() {
		var both sync.WaitGroup
		both.Go(func() { scanImage(t, &Scanner{Ref: img}, data) })
		both.Go(func() {
			if res, err := new(trivy.Scanner).Scan(context.Background(), in); err != nil || len(res.Findings) == 0 || len(res.Missing) != 0 {
				t.Errorf("%+v %v", res, err)
			}
		})
		both.Wait()
	})
	if got != "" {
		t.Errorf("printed %q", got)
	}
	err := filepath.WalkDir(temp, func(name string, d fs.DirEntry, err error) error {
		if strings.Contains(name, "security-gate-image-") || strings.Contains(d.Name(), "trivy-") {
			t.Errorf("left %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImageSelect(t *testing.T) {
	if _, ok := new(Scanner).Select(nil, nil); ok {
		t.Error("there is no image")
	}
	if files, ok := (&Scanner{Ref: "app"}).Select([]gate.File{{Path: "a"}}, gate.Changes{}); !ok || files != nil {
		t.Error(files, ok)
	}
	if diff := cmp.Diff(gate.Result{}, scanImage(t, &Scanner{}, "")); diff != "" {
		t.Error(diff)
	}
}

func TestImageDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (&Scanner{Ref: saved(t, imageOf(t, layerOf(t, alpine)))}).Scan(ctx, gate.Input{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzLayer(f *testing.F) {
	for _, files := range []map[string]string{alpine, node, {"var/lib/dpkg/status": dpkgCurl, "etc/os-release": debian12}, {"a/.wh..wh..opq": "", "b/.wh.c": ""}, {"bin/a": "\x7fELF", "a.jar": "PK\x03\x04"}} {
		r, err := layerOf(f, files).Uncompressed()
		if err != nil {
			f.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	all, err := newAnalyzers()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(trivy.Listen().Stop)
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &layerReader{analyzers: all, temp: t.TempDir(), max: 8 << 20}
		sum := sha256.Sum256(text)
		l := oci.Layer{DiffID: "sha256:" + hex.EncodeToString(sum[:]), Packed: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
		if _, err := s.contents(context.Background(), &oci.Image{Layers: []oci.Layer{l}}, map[string]*layerContent{}); err != nil {
			return
		}
	})
}

func BenchmarkImage(b *testing.B) {
	data := databases(b)
	big := make([]byte, 64<<20)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	img := saved(b, imageOf(b, layerOf(b, alpine), layerOf(b, map[string]string{"data": string(big)}), layerOf(b, node)))
	for b.Loop() {
		if _, err := (&Scanner{Ref: img}).Scan(context.Background(), gate.Input{Databases: data}); err != nil {
			b.Fatal(err)
		}
	}
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
