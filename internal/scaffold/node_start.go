package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/runnable"
)

// bundler writes a static page to a folder. serves matches start scripts that run its
// development server.
type bundler struct {
	name, folder string
	serves       *regexp.Regexp
}

var bundlers = []bundler{
	{"vite", "dist", regexp.MustCompile(`^vite( |$)`)},
	{"react-scripts", "build", regexp.MustCompile(`^react-scripts start`)},
	{"astro", "dist", regexp.MustCompile(`^astro (dev|preview)`)},
	{"@docusaurus/core", "build", regexp.MustCompile(`^docusaurus (start|serve)`)},
	{"@vue/cli-service", "dist", regexp.MustCompile(`^vue-cli-service serve`)},
	{"gatsby", "public", regexp.MustCompile(`^gatsby (develop|serve)|^npm run develop$`)},
	{"@11ty/eleventy", "_site", regexp.MustCompile(`^(npx )?(@11ty/)?eleventy`)},
	{"parcel", "dist", regexp.MustCompile(`^parcel( |$)`)},
	{"vitepress", ".vitepress/dist", regexp.MustCompile(`^vitepress (dev|preview)`)},
	{"webpack-dev-server", "dist", regexp.MustCompile(`^webpack(-dev-server| serve)`)},
}

// nodeStart packs the files and their dependencies, and starts what the start script
// names. A page built by a bundler is served as static files.
func nodeStart(t *tree, dir string, m manifest, pm manager, depends bool, p *Part) *start {
	built := m.Scripts["build"] != ""
	s := &start{pack: "dist/app", build: archive(dir), runtime: "node", check: "Node is not in the image but comes from the machine: for another target, write a Dockerfile"}
	switch {
	case depends && built:
		s.build += " && " + pm.install + " && " + pm.run + "build && " + pm.prune
	case depends:
		s.build += " && " + pm.production
	case built:
		s.build += " && " + pm.run + "build"
	}
	script := m.Scripts["start"]
	for _, b := range bundlers {
		if !built || !m.uses(b.name) {
			continue
		}
		p.page = cd(dir, pm.install+" && "+pm.run+"build")
		if script == "" || b.serves.MatchString(script) {
			s.build, s.pack = p.page, path.Join(dir, b.folder)
			s.entrypoint, s.check, s.runtime = served, servedCheck, "python3"
			s.why, s.health = b.name+" in package.json", guess{"/", "a page"}
			s.port = guess{"$PORT", "the web server's argument"}
			return s
		}
	}
	if built && p.page == "" {
		p.page = cd(dir, pm.install+" && "+pm.run+"build")
	}
	s.why = "script start of " + path.Join(dir, "package.json")
	words, env, note, refused := startScript(script, pm)
	s.env = env
	switch {
	case script != "" && !workspaceTool(script, p):
		if refused != "" {
			p.Refused = append(p.Refused, s.why+" is not used: "+refused)
			return nil
		}
		s.entrypoint = words
		if note != "" {
			s.note(note)
		}
		if runnable.ReadsPort(script) {
			s.port = guess{"$PORT", strings.Join(strings.Fields(script)[:1], "") + " reads it"}
		}
		if m.Scripts["prestart"] != "" && words[0] == "node" && !built && depends {
			s.build = archive(dir) + " && " + pm.install + " && " + pm.run + "prestart"
		}
	case t.has(path.Join(dir, "server.js")):
		s.entrypoint, s.why = []string{"node", "server.js"}, path.Join(dir, "server.js")
	case procfile(t, dir) == "":
		return nil
	}
	return s
}

func cd(dir, command string) string {
	if dir == "." {
		return command
	}
	return "cd " + dir + " && " + command
}

var (
	plainWord = regexp.MustCompile(`^[A-Za-z0-9_@.,:=/+-]+$`)
	assigns   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	develops  = regexp.MustCompile(`^(nodemon|ts-node-dev|tsnd|tsx watch|next dev|nuxt dev|nuxi dev|remix dev|node --watch|electron|expo|react-native|http-server|live-server|lite-server|ng serve|concurrently)( |$)`)
)

// startScript turns a start script into the words of an entrypoint. A script of node is
// taken without files of variables, which git never has; any other is started by the
// package manager.
func startScript(script string, pm manager) (words []string, env [][2]string, note, refused string) {
	fields := strings.Fields(script)
	for len(fields) > 0 && (assigns.MatchString(fields[0]) || fields[0] == "cross-env") {
		if name, value, ok := strings.Cut(fields[0], "="); ok && plainWord.MatchString(fields[0]) && name != "PORT" {
			env = append(env, [2]string{name, value})
		}
		fields = fields[1:]
	}
	plain := strings.Join(fields, " ")
	if develops.MatchString(plain) {
		return nil, nil, "", fields[0] + " is for development"
	}
	if m := bunFile.FindStringSubmatch(plain); m != nil {
		return []string{"bun", m[1]}, env, "", ""
	}
	if len(fields) < 2 || fields[0] != "node" || slices.ContainsFunc(fields, func(w string) bool { return !plainWord.MatchString(w) }) {
		if strings.Contains(script, "--env-file") && !strings.Contains(script, "--env-file-if-exists") || strings.HasPrefix(plain, "dotenv ") || strings.HasPrefix(plain, "env-cmd ") {
			note = "the start script reads a file of variables that is not in the repository: set them in env or secrets"
		}
		return []string{pm.name, "start"}, nil, note, ""
	}
	words = []string{"node"}
	for n := 1; n < len(fields); n++ {
		switch w := fields[n]; {
		case strings.HasPrefix(w, "--env-file"):
			file := strings.TrimPrefix(strings.TrimPrefix(w, "--env-file-if-exists"), "--env-file")
			if file == "" && n+1 < len(fields) {
				n++
				file = fields[n]
			}
			note = "the app starts without " + strings.TrimPrefix(file, "=") + ", which is never committed: set the variables it needs in env, or in secrets of each environment"
		default:
			words = append(words, w)
		}
	}
	return words, env, note, ""
}

// workspaceTool reports whether a script of the root starts its workspaces.
func workspaceTool(script string, p *Part) bool {
	return len(p.members) > 0 && regexp.MustCompile(`\b(turbo|nx|lerna|concurrently|run-p|npm-run-all|pnpm (-r|--filter|-F|--recursive)|yarn workspaces?|npm .*(-w|--workspaces?)|wsrun|rush)\b`).MatchString(script)
}
