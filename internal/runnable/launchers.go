package runnable

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
)

// launchers check the arguments of programs that start something else: a script of a
// manifest, a target of a Makefile, a file. To teach init and doctor another package
// manager, add it here.
var launchers = map[string]func(c *checker, args []string){
	"npm": nodeScript, "pnpm": nodeScript, "yarn": nodeScript, "bun": nodeScript,
	"node": sourceFile, "python": sourceFile, "python3": sourceFile, "ruby": sourceFile, "php": sourceFile, "sh": sourceFile, "bash": sourceFile,
	"make": makeTarget,
}

// nodeScript checks a script of package.json: that it exists, asks no question, changes
// no source file, and reads no file that git never has.
func nodeScript(c *checker, args []string) {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(args) == 0 {
		return
	}
	name := args[0]
	switch name {
	case "run", "run-script":
		if len(args) < 2 || args[1] == "" {
			return
		}
		name = args[1]
	case "test", "start":
	default:
		return // a command of the package manager, such as ci
	}
	scripts, at, ok := c.scripts("package.json")
	if !ok {
		if !c.Exists(at) {
			c.add(at+" is not in the repository", "commit it, or correct the command")
		}
		return
	}
	text, ok := scripts[name]
	if !ok && name == "start" && c.Exists(path.Join(c.dir, "server.js")) {
		return
	}
	if !ok {
		c.add(at+" has no script "+name, "add the script, or correct the command")
		return
	}
	if why := Script(text, func(file string) bool { return c.Exists(path.Join(c.dir, file)) }); why.What != "" {
		c.add("script "+name+" of "+at+" "+why.What, why.Try)
	}
}

var (
	fixes   = regexp.MustCompile(`(^|\s)--(fix|write|update-snapshot|updateSnapshot)(\s|=true|$)|(^|\s)(biome|standard|xo|prettier)\s[^&|;]*(--apply|--write|--fix)`)
	watches = regexp.MustCompile(`(^|\s)(--watch|--watchAll|--ui|watch)(\s|$)|^nodemon(\s|$)`)
	nextish = regexp.MustCompile(`(^|&&\s*)next lint(\s|$)`)
	envFile = regexp.MustCompile(`--env-file[= ]([^\s]+)|\bdotenv(?:-cli)?\s+-e\s+([^\s]+)|\benv-cmd\s+-f\s+([^\s]+)`)
)

// Script returns why the text of a script does not work as a check or as the start of
// the app, or a Problem without What. exists reports whether a file next to the manifest
// exists.
func Script(text string, exists func(string) bool) Problem {
	switch m := envFile.FindStringSubmatch(text); {
	case nextish.MatchString(text) && !slices.ContainsFunc(eslint, exists):
		return Problem{"asks a question: next lint has no ESLint configuration", "add an ESLint configuration, or remove the check"}
	case fixes.MatchString(text):
		return Problem{"changes source files instead of checking them", "add a script that only checks, without --fix or --write"}
	case watches.MatchString(text):
		return Problem{"does not end: it watches for changes", "use a script that runs once"}
	case m != nil && !strings.Contains(m[0], "-if-exists"):
		if file := m[1] + m[2] + m[3]; !exists(file) {
			return Problem{"reads " + file + ", which is not in the repository", "start the app without it, and set the variables in env or secrets"}
		}
	}
	return Problem{}
}

// eslint are the names of ESLint's configuration.
var eslint = []string{
	"eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts", ".eslintrc", ".eslintrc.json", ".eslintrc.js",
	".eslintrc.cjs", ".eslintrc.yml", ".eslintrc.yaml",
}

// sourceFile checks the file that an interpreter runs.
func sourceFile(c *checker, args []string) {
	for i, a := range args {
		switch {
		case a == "" || a == "-m" || a == "-c" || a == "-e" || a == "-S" || a == "-t" || a == "--test" || a == "-r" && i == 0:
			return // a module, code, an address, or words that are not known
		case strings.HasPrefix(a, "-"):
			continue
		}
		if path.Ext(a) != "" {
			c.file(a, "the file")
		}
		return
	}
}

// makeTarget checks a target of the Makefile.
func makeTarget(c *checker, args []string) {
	dir := c.dir
	var targets []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-C" && i+1 < len(args):
			i++
			dir = path.Join(c.dir, args[i])
		case a == "-f" || a == "":
			return
		case !strings.HasPrefix(a, "-") && !strings.Contains(a, "="):
			targets = append(targets, a)
		}
	}
	for _, name := range []string{"GNUmakefile", "makefile", "Makefile"} {
		b, ok := c.Read(path.Join(dir, name))
		if !ok {
			continue
		}
		for _, t := range targets {
			if !bytes.Contains(b, []byte("%")) && !bytes.Contains(b, []byte("include ")) &&
				!regexp.MustCompile(`(?m)^[^\t#\n=]*\b`+regexp.QuoteMeta(t)+`\b[^\n=]*:`).Match(b) {
				c.add(path.Join(dir, name)+" has no target "+t, "add the target, or correct the command")
			}
		}
		return
	}
	c.add("there is no Makefile in "+dir, "commit it, or correct the command")
}

// StartScript returns the start script of the package.json in a folder.
func StartScript(dir string, p Place) (text string, ok bool) {
	scripts, _, ok := (&checker{Place: p, dir: path.Clean("./" + dir)}).scripts("package.json")
	text, found := scripts["start"]
	return text, ok && found
}
