package image

import (
	"bytes"
	"context"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

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

// GP-GATE-1: an image of a distribution that is not known is not taken for one without a
// system.
func TestSystemThatIsNotKnown(t *testing.T) {
	data := databases(t)
	for text, gaps := range map[string]int{"etc/os-release": 1, "usr/lib/os-release": 1, "etc/motd": 0} {
		img := saved(t, imageOf(t, layerOf(t, map[string]string{text: "ID=arch\n", "var/lib/pacman/local/x/desc": "x"})))
		if res := scanImage(t, &Scanner{Ref: img}, data); len(res.Missing) != gaps {
			t.Errorf("%s: %+v", text, res.Missing)
		}
	}
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
		{"no database", "", alpine, "there is no trivy-db", 1},
		{"no file of it", t.TempDir(), alpine, "there is no trivy-db", 1},
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
