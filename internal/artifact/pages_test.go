package artifact

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const referrers = "/v2/shop/referrers/sha256:0000000000000000000000000000000000000000000000000000000000000000"

// A newer FAIL on the second page used to be invisible: the first page alone made
// the promotion pass.
func TestReferrersOnSeveralPages(t *testing.T) {
	for name, test := range map[string]struct {
		pages []string // Link header of each page
		want  []string // artifact types
		err   string
	}{
		"one page":              {[]string{""}, []string{"page/0"}, ""},
		"two pages":             {[]string{`<` + referrers + `?page=1>; rel="next"`, ""}, []string{"page/0", "page/1"}, ""},
		"three, relative":       {[]string{`<?page=1>; rel=next`, `<?page=2>; rel="next"`, ""}, []string{"page/0", "page/1", "page/2"}, ""},
		"another relation":      {[]string{`<?page=1>; rel="prev"`, ""}, []string{"page/0"}, ""},
		"two links":             {[]string{`<?page=0>; rel="first", <?page=1>; rel="next"`, ""}, []string{"page/0", "page/1"}, ""},
		"another server":        {[]string{`<https://evil.example` + referrers + `>; rel="next"`, ""}, nil, "another server"},
		"a page that is gone":   {[]string{`<?page=7>; rel="next"`}, nil, "404"},
		"a page without end":    {[]string{`<?page=0>; rel="next"`}, nil, "more than 200 pages"},
		"a link that is broken": {[]string{`<:%>; rel="next"`}, nil, "page 2"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := 0
				_, _ = fmt.Sscan(r.URL.Query().Get("page"), &n)
				if n >= len(test.pages) {
					http.NotFound(w, r)
					return
				}
				if test.pages[n] != "" {
					w.Header().Set("Link", test.pages[n])
				}
				w.Header().Set("Content-Type", string(types.OCIImageIndex))
				_ = json.NewEncoder(w).Encode(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{
					{ArtifactType: fmt.Sprintf("page/%d", n), Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}},
				}})
			}))
			defer server.Close()
			client := http.Client{Transport: allPages{http.DefaultTransport}}
			res, err := client.Get(server.URL + referrers)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			index, err := v1.ParseIndexManifest(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range index.Manifests {
				got = append(got, d.ArtifactType)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("referrers (-want +got):\n%s", diff)
			}
		})
	}
}

// Only lists of referrers are joined.
func TestOtherRequestsAreNotJoined(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<?page=1>; rel="next"`)
		_, _ = io.WriteString(w, "tags")
	}))
	defer server.Close()
	client := http.Client{Transport: allPages{http.DefaultTransport}}
	res, err := client.Get(server.URL + "/v2/shop/tags/list")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); string(b) != "tags" || res.Header.Get("Link") == "" {
		t.Errorf("%q, Link %q", b, res.Header.Get("Link"))
	}
}
