package osv

import (
	"bytes"
	"encoding/json/v2"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// osvDev answers as osv.dev does. It has one advisory about each package, for every version
// below 2.
type osvDev struct {
	mu    sync.Mutex
	asked []string
}

type asked struct {
	Package struct{ Ecosystem, Name string } `json:"package"`
}

func (o *osvDev) RoundTrip(r *http.Request) (*http.Response, error) {
	var q struct {
		asked
		Queries []asked `json:"queries"`
	}
	if r.Body != nil {
		if err := json.UnmarshalRead(r.Body, &q, json.MatchCaseInsensitiveNames(true)); err != nil {
			return nil, err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	answer := ""
	switch r.URL.Path {
	case "/v1/query":
		o.asked = append(o.asked, q.Package.Ecosystem+" "+q.Package.Name)
		answer = "{}"
		if q.Package.Name == strings.ToLower(q.Package.Name) { // names are compared as texts
			answer = fmt.Sprintf(`{"vulns":[{"id":"TEST-1","affected":[{"package":{"ecosystem":%q,"name":%q},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]}]}]}`, q.Package.Ecosystem, q.Package.Name)
		}
	case "/v1/querybatch":
		for _, one := range q.Queries {
			o.asked = append(o.asked, one.Package.Ecosystem+" "+one.Package.Name)
		}
		answer = `{"results":[` + strings.TrimSuffix(strings.Repeat("{},", len(q.Queries)), ",") + `]}`
	default:
		return nil, fmt.Errorf("unexpected %s", r.URL)
	}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Request: r, Body: io.NopCloser(bytes.NewBufferString(answer))}, nil
}

// GP-GATE-4, GP-GATE-13: osv.dev is asked about the packages of every ecosystem, also of
// those that osv-scanner silently skips.
func TestOnlineEveryEcosystem(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n    - uses: Some/Bad@v1\n    - uses: some/good@v2\n",
		"mix.lock":                `%{"old": {:hex, :old, "1.2.0", "aa", [:mix], [], "hexpm", "bb"}, "new": {:hex, :new, "2.0.0", "aa", [:mix], [], "hexpm", "bb"}}`,
		"Package.resolved":        `{"pins":[{"identity":"old","kind":"remoteSourceControl","location":"https://github.com/some/old.git","state":{"revision":"0123456789012345678901234567890123456789","version":"1.0.0"}}],"version":2}`,
		"renv.lock":               `{"Packages":{"old":{"Package":"old","Version":"1.0.0","Source":"Repository","Repository":"CRAN"}}}`,
		"stack.yaml.lock":         "packages:\n- completed:\n    hackage: old-1.0.0@sha256:0123456789012345678901234567890123456789012345678901234567890123,1\n  original:\n    hackage: old-1.0.0\n",
		"conan.lock":              `{"version":"0.5","requires":["old/1.0.0#0123456789"]}`,
		"go.mod":                  goMod,
	})
	o := &osvDev{}
	res, err := Scanner{Client: &http.Client{Transport: o}}.Scan(t.Context(), selected(t, gate.Input{Dir: dir}))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(o.asked); !slices.Contains(o.asked, "Go golang.org/x/net") || slices.Contains(o.asked, "") || len(slices.Compact(slices.Clone(o.asked))) != len(o.asked) {
		t.Errorf("asked about %q", o.asked)
	}
	var got []string
	for _, f := range res.Findings {
		got = append(got, fmt.Sprintf("%s:%d %s", f.At.Path, f.At.Line, f.Package))
	}
	slices.Sort(got)
	want := []string{
		".github/workflows/a.yml:5 pkg:github/Some/Bad@v1", "Package.resolved:1 pkg:swift/github.com/some/old@1.0.0", "conan.lock:1 pkg:conan/old@1.0.0",
		"mix.lock:1 pkg:hex/old@1.2.0", "renv.lock:1 pkg:cran/old@1.0.0", "stack.yaml.lock:2 pkg:hackage/old@1.0.0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(res.Missing) > 0 || res.Covered != "6 lockfiles, 7 packages, 2 actions" {
		t.Errorf("%q %v", res.Covered, res.Missing)
	}
}

// GP-GATE-8: a repository with nothing but actions is not clean if osv.dev cannot be reached.
func TestOnlineActionsUnreachable(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n    - uses: some/bad@v1\n    - uses: some/other@v1\n    - uses: some/third@v1\n"})
	for _, c := range []struct {
		next http.RoundTripper
		want string
	}{{&nowhere{}, "api.osv.dev cannot be reached"}, {proxy{}, "403"}} {
		res, err := Scanner{Client: &http.Client{Transport: c.next}}.Scan(t.Context(), selected(t, gate.Input{Dir: dir}))
		if err == nil || strings.Count(err.Error(), c.want) != 1 {
			t.Errorf("error %v, result %+v", err, res)
		}
	}
}
