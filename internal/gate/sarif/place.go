package sarif

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	maxURI     = 2000
	maxPath    = 1000
	maxBaseIDs = 10 // longest chain of base ids
)

// roots are the base ids that tools use for the root of the repository.
var roots = []string{"%SRCROOT%", "SRCROOT", "ROOTPATH", "PROJECTROOT", "%PROJECTROOT%", "REPOROOT", "%REPOROOT%", "REPO_ROOT"}

// places translates locations of a run into paths of the repository.
type places struct {
	run      *run
	checkout []string // absolute paths of the checkout, with forward slashes
	declared []string // absolute paths of the repository that the file states
}

func newPlaces(r *run, dir string) *places {
	p := &places{run: r, checkout: []string{filepath.ToSlash(filepath.Clean(dir))}}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		p.checkout = append(p.checkout, filepath.ToSlash(real))
	}
	declare := func(l artifactLocation) {
		if name, absolute, ok := uriPath(l.URI); ok && absolute && !disk(name) && len(p.declared) < maxBaseIDs {
			p.declared = append(p.declared, path.Clean(name))
		}
	}
	for _, id := range roots {
		declare(r.Bases[id])
	}
	for _, v := range r.Provenance {
		declare(v.Mapped)
	}
	for _, i := range r.Invocations {
		declare(i.Folder)
	}
	return p
}

// has reports whether the checkout has the file.
func (p *places) has(name string) bool {
	_, err := os.Lstat(filepath.Join(filepath.FromSlash(p.checkout[0]), filepath.FromSlash(name)))
	return err == nil && filepath.IsLocal(filepath.FromSlash(name))
}

// workspace returns the path below the checkout of a GitHub runner, where the tool ran if it
// ran in another job or outside of this container: /home/runner/work/NAME/NAME/….
func workspace(name string) (string, bool) {
	if rest, ok := strings.CutPrefix(name, "/github/workspace/"); ok {
		return rest, true
	}
	m := runner.FindStringSubmatch(name)
	return strings.Join(m[min(len(m), 3):], ""), m != nil && m[1] == m[2]
}

var runner = regexp.MustCompile(`^(?:/home/runner/work|/Users/runner/work|/runner/_work|/__w|/?[A-Za-z]:/a)/([^/]+)/([^/]+)/(.+)$`)

// find returns a location's path in the repository. name is "" if the location is empty
// or the repository itself. outside is the location if it is not in the repository.
func (p *places) find(l artifactLocation, at string) (name, outside string, err error) {
	if i := l.Index; i != nil && *i != -1 {
		if *i < 0 || *i >= len(p.run.Artifacts) {
			return "", "", fmt.Errorf("at %s/physicalLocation/artifactLocation/index: artifact %d is out of range: the run has %d artifacts", at, *i, len(p.run.Artifacts))
		}
		if l.URI == "" {
			l = p.run.Artifacts[*i].Location
		}
	}
	if l.URI == "" {
		return "", "", nil
	}
	name, ok := p.inside(l)
	if !ok {
		outside = oneLine(l.URI, 200)
		if l.BaseID != "" {
			outside += " of " + oneLine(l.BaseID, 50)
		}
		return "", outside, nil
	}
	return name, "", nil
}

// inside resolves the base ids of a location, up to the root of the repository. It
// returns false if the location is outside the repository.
func (p *places) inside(l artifactLocation) (string, bool) {
	name, absolute, ok := uriPath(l.URI)
	id := l.BaseID
	for hops := 0; ok && !absolute && id != ""; hops++ {
		base := p.run.Bases[id]
		root := slices.Contains(roots, id)
		if hops == maxBaseIDs || base.URI == "" && base.BaseID == "" && !root {
			return "", false
		}
		var folder string
		if base.URI != "" {
			if folder, absolute, ok = uriPath(base.URI); !ok {
				return "", false
			}
		}
		if absolute && !disk(folder) && (root || base.BaseID == "" && p.has(name)) {
			// The tool may have run on another machine: its root stands for the repository.
			sub, _ := below(folder, p.checkout)
			return local(path.Join(sub, name))
		}
		name, id = path.Join(folder, name), base.BaseID
	}
	if !ok {
		return "", false
	}
	if absolute {
		rest, ok := below(name, slices.Concat(p.checkout, p.declared))
		if !ok {
			rest, ok = workspace(path.Clean(name))
		}
		if !ok {
			return "", false
		}
		name = rest
	}
	return local(name)
}

// local returns a clean path below the repository, and false for a path outside. "" is
// the repository itself.
func local(name string) (string, bool) {
	name = path.Clean(name)
	if name == "." {
		return "", true
	}
	return name, fs.ValidPath(name) && len(name) <= maxPath
}

// below makes an absolute path relative to the first of the folders that contains it.
// It returns false if none does.
func below(name string, folders []string) (string, bool) {
	name = path.Clean(name)
	for _, f := range folders {
		if name == f {
			return ".", true
		}
		if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(f, "/")+"/"); ok {
			return rest, true
		}
	}
	return "", false
}

// disk reports whether a folder is the root of a disk, which is never a checkout.
func disk(folder string) bool {
	folder = strings.Trim(path.Clean(folder), "/")
	return folder == "" || len(folder) == 2 && folder[1] == ':'
}

var drive = regexp.MustCompile(`^/?[A-Za-z]:/`)

// uriPath reads a URI reference, or a plain path instead of one. ok is false if the
// text does not name a file, leads upwards, or cannot be a path.
func uriPath(uri string) (name string, absolute, ok bool) {
	s := strings.ReplaceAll(uri, `\`, "/")
	if len(s) > maxURI {
		return "", false, false
	}
	if drive.MatchString(s) {
		s = "file:///" + strings.TrimPrefix(s, "/")
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" && u.Scheme != "file" || u.Opaque != "" || u.User != nil || u.Host != "" && u.Host != "localhost" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", false, false
	}
	name = strings.ReplaceAll(u.Path, `\`, "/")
	if slices.Contains(strings.Split(name, "/"), "..") || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return "", false, false
	}
	return name, u.Scheme == "file" || strings.HasPrefix(name, "/"), true
}
