package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// program is a Go program that the image contains: its package, and where it is copied.
type program struct{ pkg, to string }

// system are files that the machine has too, such as certificates.
var system = regexp.MustCompile(`^/(etc/(ssl|passwd|group|nsswitch\.conf|pki|mime\.types)|usr/share/(zoneinfo|ca-certificates)|usr/local/share/ca-certificates|usr/local/go/lib/time|tmp|usr/local/go/misc)(/|$)`)

// fromGo packs the programs and files that the last stage copies, at the same places.
func (d Dockerfile) fromGo(t *tree, dir string) (*start, string) {
	programs := goPrograms(t, dir)
	context := path.Dir(d.Path)
	var built []program
	var copied [][2]string // path in the repository, path in the image
	at, complete := "/", true
	final := d.final()
	for _, i := range final {
		no := func(why string) (*start, string) { return nil, place(d.Path, i.line) + " " + why }
		switch i.name {
		case "WORKDIR":
			if len(i.args) == 1 {
				at = under(at, i.args[0])
			}
		case "RUN":
			if words, _ := i.programs(); len(words) > 0 && slices.ContainsFunc(words, func(w []string) bool { return w[0] == "go" || w[0] == "make" }) && len(d.stages) == 1 {
				built = append(built, d.single(programs, dir, at)...)
			}
		case "ENV":
			if len(i.args) > 1 && i.args[0] == "CGO_ENABLED" && i.args[1] == "1" {
				return no("builds with C libraries")
			}
		case "COPY", "ADD":
			if len(i.args) < 2 || len(d.stages) == 1 && i.args[0] == "." {
				continue
			}
			to := i.args[len(i.args)-1]
			for _, from := range i.args[:len(i.args)-1] {
				target := under(at, to)
				if strings.HasSuffix(to, "/") || to == "." || len(i.args) > 2 || strings.Contains(from, "*") {
					target = path.Join(target, path.Base(from))
				}
				source := i.flag("from")
				if source == "" {
					name := path.Join(context, from)
					if !t.exists(name) {
						if from == "." {
							copied = append(copied, [2]string{".", under(at, to)})
							continue
						}
						if len(d.stages) == 1 {
							continue // such as go.mod, go.sum and a list of patterns
						}
						return no("copies " + from + ", which is not in the repository")
					}
					if t.folder(name) {
						target = under(at, to) // COPY of a folder copies what is in it
					}
					copied = append(copied, [2]string{name, target})
					continue
				}
				stage := d.from(source)
				if system.MatchString(from) {
					complete = complete && !strings.Contains(from, "ssl")
					continue
				}
				if stage < 0 {
					return no("copies from the image " + source)
				}
				lines := d.inherited(stage)
				if p, ok := d.program(programs, lines, dir, from); ok {
					if strings.Contains(path.Base(from), "*") {
						target = path.Join(path.Dir(target), path.Base(p))
						if p == "." {
							target = path.Join(path.Dir(target), goModuleName(t, dir))
						}
					}
					built = append(built, program{p, target})
					continue
				}
				name := path.Join(context, strings.TrimPrefix(strings.TrimPrefix(under(workdir(lines), from), workdir(lines)), "/"))
				if !t.exists(name) {
					return no("copies " + from + " of a stage, which init cannot trace to a program or a file of the repository")
				}
				if t.folder(name) {
					target = under(at, to)
				}
				copied = append(copied, [2]string{name, target})
			}
		}
	}
	return d.goImage(t, dir, at, built, copied, complete)
}

// goImage assembles the start of a Go image.
func (d Dockerfile) goImage(t *tree, dir, at string, built []program, copied [][2]string, complete bool) (*start, string) {
	words, shell := d.starting()
	switch {
	case len(built) == 0:
		return nil, "init found no program of the repository that " + d.Path + " puts into the image"
	case len(words) == 0:
		return nil, d.Path + " has no ENTRYPOINT and no CMD"
	case shell && strings.ContainsAny(words[0], "&|;<>"):
		return nil, d.Path + " starts with a shell script"
	case shell:
		words = strings.Fields(words[0])
	}
	main := words[0]
	if !strings.Contains(main, "/") {
		main = "/usr/local/bin/" + main
		for _, p := range built {
			if path.Base(p.to) == words[0] {
				main = p.to
			}
		}
	}
	main = under(at, main)
	i := slices.IndexFunc(built, func(p program) bool { return p.to == main })
	if i < 0 {
		return nil, d.Path + " starts " + words[0] + ", which init cannot trace to a program of the repository"
	}
	s := &start{pack: "dist/app", entrypoint: append([]string{main}, words[1:]...), why: d.Path + ": " + strings.Join(words, " "), program: built[i].pkg}
	if at != "/" {
		s.workdir = at
	}
	s.build = goBuild(dir, built, copied)
	if !complete || strings.Contains(d.Base, "alpine") || strings.Contains(d.Base, "debian") || strings.Contains(d.Base, "ubuntu") {
		s.base = d.bottom(len(d.stages) - 1)
	}
	return s, ""
}

// goBuild is the build command of an image with Go programs and files.
func goBuild(dir string, built []program, copied [][2]string) string {
	lines := []string{"rm -rf dist/app"}
	folders := []string{"dist/app"}
	for _, p := range built {
		folders = append(folders, path.Join("dist/app", path.Dir(p.to)))
	}
	for _, c := range copied {
		folders = append(folders, path.Join("dist/app", path.Dir(c[1])))
	}
	slices.Sort(folders)
	folders = slices.Compact(folders)
	lines = append(lines, "mkdir -p "+strings.Join(slices.DeleteFunc(folders, func(f string) bool {
		return slices.ContainsFunc(folders, func(o string) bool { return o != f && strings.HasPrefix(o, f+"/") })
	}), " "))
	for _, c := range copied {
		if c[0] == "." {
			lines = append(lines, `git archive "$GOLDENPATH_COMMIT" | tar -xf - -C `+path.Join("dist/app", c[1]))
			lines[1] += " " + path.Join("dist/app", c[1])
			continue
		}
		lines = append(lines, "cp -R "+c[0]+" "+path.Join("dist/app", c[1]))
	}
	for _, p := range built {
		in, out := "", path.Join("dist/app", p.to)
		if dir != "." {
			in, out = "-C "+dir+" ", `"$PWD/`+out+`"`
		}
		lines = append(lines, "CGO_ENABLED=0 go build "+in+"-trimpath -buildvcs=false -o "+out+" "+p.pkg)
	}
	return strings.Join(lines, " && ")
}

// program returns the package of the program at a path of a stage: from the go build
// that writes it, or by its name.
func (d Dockerfile) program(programs []string, lines []instruction, dir, name string) (pkg string, ok bool) {
	base := path.Base(name)
	for _, i := range lines {
		if i.name != "RUN" {
			continue
		}
		words, _ := i.programs()
		for _, w := range words {
			if len(w) < 2 || w[0] != "go" || w[1] != "build" && w[1] != "install" {
				continue
			}
			out, pkg := "", w[len(w)-1]
			for n, a := range w[:len(w)-1] {
				if a == "-o" {
					out = w[n+1]
				}
			}
			if strings.HasPrefix(pkg, "-") || pkg == out || pkg == "" {
				pkg = "."
			}
			pkg = strings.TrimSuffix(strings.TrimSuffix(pkg, "/*"), "/main.go")
			pkg = strings.TrimSuffix(strings.TrimSuffix(pkg, "main.go"), "/")
			pkg = "./" + strings.TrimPrefix(strings.TrimPrefix(pkg, "./"), ".")
			if pkg == "./" {
				pkg = "."
			}
			known := slices.Contains(programs, path.Join(dir, pkg))
			if known && (path.Base(out) == base || out == "" && base == path.Base(pkg)) {
				return pkg, true
			}
		}
	}
	for _, p := range programs {
		pkg := "./" + strings.TrimPrefix(strings.TrimPrefix(p, dir), "/")
		if p == dir {
			pkg = "."
		}
		if matched, _ := path.Match(base, path.Base(p)); matched && p != "." {
			return pkg, true
		}
	}
	if len(programs) == 1 && programs[0] == dir && !strings.Contains(base, ".") {
		return ".", true
	}
	return "", false
}

// single is the program of an image with one stage, in which it is also built.
func (d Dockerfile) single(programs []string, dir, at string) []program {
	words, _ := d.starting()
	if len(words) == 0 {
		return nil
	}
	words = strings.Fields(words[0])
	if len(words) == 0 {
		return nil
	}
	if pkg, ok := d.program(programs, d.final(), dir, words[0]); ok {
		to := under(at, words[0])
		if !strings.Contains(words[0], "/") {
			to = path.Join("/usr/local/bin", words[0])
		}
		return []program{{pkg, to}}
	}
	return nil
}
