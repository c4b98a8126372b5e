package doctor

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runnable"
)

// line is one command of the configuration.
type line struct{ key, run string }

// lines returns the commands of the configuration.
func lines(c *config.Config) []line {
	all := []line{{"artifact.build", c.Artifact.Build}}
	for _, s := range c.Checks {
		all = append(all, line{"checks." + s.Name, s.Run})
	}
	for _, s := range c.Battery.Steps {
		all = append(all, line{"battery." + s.Name, s.Run})
	}
	all = append(all, line{"preview.seed", c.Preview.Seed})
	return slices.DeleteFunc(all, func(l line) bool { return l.run == "" })
}

// place is the checkout, with the programs of this machine.
func (r *repo) place() runnable.Place {
	return runnable.Place{
		Read:    func(name string) ([]byte, bool) { b, err := r.read(name); return b, err == nil },
		Exists:  func(name string) bool { _, ok := r.first(name); return ok },
		Program: installed,
	}
}

func installed(name string) bool { _, err := exec.LookPath(name); return err == nil }

// commands checks that each command of the configuration can run: its programs, scripts
// and files exist, it asks no question, and it changes no source file.
func commands(r *repo) finding {
	if r.mistakes != nil {
		return notApplicable("there is no valid " + config.File)
	}
	all := lines(r.config)
	var found, fix []string
	add := func(key string, problems []runnable.Problem) {
		for _, p := range problems {
			found = append(found, key+": "+report.LogLine(p.What))
			fix = append(fix, key+": "+p.Try)
		}
	}
	for _, l := range all {
		add(l.key, runnable.Check(l.run, r.place()))
	}
	a := r.config.Artifact
	if len(a.Entrypoint) > 0 {
		add("artifact.entrypoint", runnable.Argv(a.Entrypoint, r.inside(a)))
		all = append(all, line{})
	}
	if a.Dockerfile != "" {
		all = append(all, line{})
		if _, ok := r.first(a.Dockerfile); !ok {
			add("artifact.dockerfile", []runnable.Problem{{What: a.Dockerfile + " is not in the repository", Try: "correct the path"}})
		}
		if !installed("docker") {
			add("artifact.dockerfile", []runnable.Problem{{What: "docker is not installed on this machine", Try: "install Docker, or use artifact.pack, which needs none: docs/images.md"}})
		}
	}
	switch {
	case len(all) == 0:
		return notApplicable(config.File + " has no commands")
	case len(found) > 0:
		return finding{report.Warned, several(found), "these commands would fail", fix}
	}
	return finding{state: report.OK, found: english.Plural(len(all), "command", "") + ": programs, scripts and files exist"}
}

// hosts are the interpreters that a packed image takes from the machine.
var hosts = []string{"sh", "bash", "node", "npm", "pnpm", "yarn", "bun", "deno", "python3", "python", "java", "ruby", "bundle", "php", "dotnet"}

// inside is the place where the entrypoint runs: the image. Its files are known only if
// the image is a copy of the repository.
func (r *repo) inside(a config.Artifact) runnable.Place {
	p := r.place()
	p.Program = func(name string) bool { return !slices.Contains(hosts, name) || installed(name) }
	whole := a.Pack == "." || strings.Contains(a.Build, `git archive "$GOLDENPATH_COMMIT" | tar`)
	if !whole {
		p.Exists = func(string) bool { return true }
		return p
	}
	below := func(name string) string { return strings.TrimPrefix(strings.TrimSuffix(a.Workdir, "/")+"/"+name, "/") }
	read, exists := p.Read, p.Exists
	p.Read = func(name string) ([]byte, bool) { return read(below(name)) }
	// A build may create more files; only those of an interpreter that reads sources are certain.
	p.Exists = func(name string) bool {
		return exists(below(name)) || exists(below(name)+".js") || strings.HasPrefix(name, "./") || strings.Contains(a.Build, "run build") || !runnable.Source(name)
	}
	return p
}

// maxSources is the number of files that are searched for the port.
const maxSources = 3000

// port checks that the app listens on $PORT, which goldenpath chooses.
func port(r *repo) finding {
	a := r.config.Artifact
	switch {
	case r.mistakes != nil || a.Pack == "" || len(a.Entrypoint) == 0:
		return notApplicable("no packed image")
	case slices.ContainsFunc(a.Entrypoint, func(w string) bool { return strings.Contains(w, "PORT") }):
		return finding{state: report.OK, found: "the entrypoint uses $PORT"}
	case runnable.ReadsPort(r.starts(a)):
		return finding{state: report.OK, found: r.starts(a) + " reads PORT"}
	}
	looked := 0
	p := runnable.TakesPort(func(yield func(string, []byte) bool) {
		for _, name := range r.o.Files {
			if !runnable.Source(name) && !runnable.Settings(name) {
				continue
			}
			if looked++; looked > maxSources {
				return
			}
			if b, err := r.read(name); err == nil && !yield(name, b) {
				return
			}
		}
	})
	at := fmt.Sprintf("%s:%d", p.File, p.Line)
	switch {
	case p.How == "variable" && p.Name == "PORT":
		return finding{state: report.OK, found: at + " reads PORT"}
	case p.How == "fixed":
		return finding{report.Warned, at + " listens on port " + p.Name, "goldenpath chooses the port and waits there", []string{"let the app listen on the port in PORT"}}
	case p.How != "":
		return finding{report.Warned, at + " takes the port by the " + p.How + " " + p.Name, "goldenpath chooses the port and waits there", []string{"artifact.entrypoint: [" + strings.Join(p.Words(a.Entrypoint), ", ") + "]"}}
	}
	return finding{report.Inconclusive, "no file of the repository mentions PORT", "goldenpath chooses the port and waits there", []string{"check that the app listens on the port in PORT"}}
}

// starts returns the command that the entrypoint runs, through the start script of a
// package manager.
func (r *repo) starts(a config.Artifact) string {
	words := a.Entrypoint
	if len(words) == 2 && words[1] == "start" {
		if text, ok := runnable.StartScript(strings.TrimPrefix(a.Workdir, "/"), r.place()); ok {
			return text
		}
	}
	return strings.Join(words, " ")
}
