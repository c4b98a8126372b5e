package commandtest

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// CheckLinks checks that every link inside the repository leads to a file and, if it has
// a fragment, to a heading.
func CheckLinks(t *testing.T, all []Document) {
	for _, d := range all {
		for _, link := range d.Links {
			u, err := url.Parse(link)
			switch {
			case err != nil:
				t.Errorf("%s: %s: %v", d.File, link, err)
				continue
			case u.Scheme == "https" || u.Scheme == "mailto":
				continue
			case u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "/"):
				t.Errorf("%s: %s is neither https nor relative", d.File, link)
				continue
			}
			to := d.File
			if u.Path != "" {
				to = path.Join(path.Dir(d.File), u.Path)
			}
			if _, err := os.Stat(filepath.Join(Root, to)); err != nil || strings.HasPrefix(to, "..") {
				t.Errorf("%s: %s leads nowhere", d.File, link)
				continue
			}
			if u.Fragment == "" {
				continue
			}
			i := slices.IndexFunc(all, func(d Document) bool { return d.File == to })
			if i < 0 || !slices.Contains(all[i].Anchors, u.Fragment) {
				t.Errorf("%s: %s names no heading of %s", d.File, link, to)
			}
		}
	}
}
