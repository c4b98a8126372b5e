package scaffold

import (
	"fmt"
	"slices"
	"strings"
)

// served serves a page on this machine, which is enough for a first run.
var served = []string{"sh", "-c", "exec python3 -m http.server $PORT --bind ${HOST:-127.0.0.1}"}

const servedCheck = "works only on this machine; for another target, put a web server into the image"

// artifact describes how a commit becomes an image, as lines of the configuration.
type artifact struct {
	lines []string
	how   string // for the report
	gap   string // what is unknown or was guessed
}

// chooseArtifact prefers a Dockerfile, which describes the image explicitly.
func (f *Facts) chooseArtifact() artifact {
	switch {
	case len(f.Dockerfiles) > 0:
		return f.fromDockerfile()
	case f.starting() != nil:
		return f.fromFolder(*f.starting())
	case f.Site != "":
		s := start{pack: f.Site, entrypoint: served, check: servedCheck}
		if f.Site == "." {
			s.pack = "dist/app"
			s.build = strings.Replace(strings.TrimSuffix(copied, " && cd dist/app"), `"$GOLDENPATH_COMMIT"`, `"$GOLDENPATH_COMMIT" . ':!.*' ':!docs' ':!flags' ':!llm'`, 1)
		}
		return f.fromFolder(s)
	}
	return artifact{
		lines: []string{
			"# artifact: init could not detect how the app starts. Without it only the gate and the scorecard work.",
			"#   dockerfile: Dockerfile      # or a folder: pack: dist, with entrypoint: [/server]",
		},
		gap: "could not detect how the app starts",
	}
}

// fromDockerfile uses the repository's Dockerfile, which also sets port, user and
// entrypoint.
func (f *Facts) fromDockerfile() artifact {
	d := f.Dockerfiles[0]
	a := artifact{how: d.Path, lines: f.imageLines()}
	line := "dockerfile: " + d.Path
	if len(f.Dockerfiles) > 1 {
		var others []string
		for _, other := range f.Dockerfiles[1:] {
			others = append(others, other.Path)
		}
		a.gap = fmt.Sprintf("chose the first of %d Dockerfiles (%s)", len(f.Dockerfiles), d.Path)
		line += " # check: others are " + strings.Join(others, ", ")
	} else {
		line += " # check: the app listens on $PORT"
	}
	a.lines = append(a.lines, "  "+line)
	return a
}

// starting returns how the first part that can be packed starts. A Procfile overrides
// the guess.
func (f *Facts) starting() *start {
	for _, p := range f.Parts {
		if p.Start == nil {
			continue
		}
		s := *p.Start
		foreign := strings.HasPrefix(f.Web, "heroku-") || p.Manager == "poetry" && len(s.entrypoint) > 0 // programs that this machine does not have
		if f.Web != "" && p.Dir == "." && p.Language != "go" && !foreign {
			s.entrypoint = []string{"sh", "-c", f.Web}
			if p.Language == "python" { // programs installed by pip
				s.env = append(slices.Clone(s.env), [2]string{"PATH", "/lib/bin:/usr/local/bin:/usr/bin:/bin"})
			}
		}
		if len(s.entrypoint) > 0 {
			return &s
		}
	}
	return nil
}

func (f *Facts) fromFolder(s start) artifact {
	a := artifact{how: "the folder " + s.pack + ", without Docker", lines: f.imageLines()}
	if s.check != "" {
		a.lines = append(a.lines, "  # check: "+s.check)
	}
	if s.build != "" {
		a.lines = append(a.lines, "  build: "+scalar(s.build, false))
	}
	a.lines = append(a.lines, "  pack: "+scalar(s.pack, false), "  entrypoint: "+list(s.entrypoint))
	var env []string
	for _, kv := range s.env {
		env = append(env, kv[0]+": "+scalar(kv[1], true))
	}
	if len(env) > 0 {
		a.lines = append(a.lines, "  env: {"+strings.Join(env, ", ")+"}")
	}
	return a
}

func (f *Facts) imageLines() []string {
	if f.Image == "" {
		return []string{"artifact:", "  # image: ghcr.io/OWNER/" + f.App + "    a registry you can push to; without one the image stays on this machine"}
	}
	return []string{"artifact:", "  image: " + f.Image}
}
