package workflow

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// fetches follows what the commands of a script take from a pull request.
type fetches struct {
	*shell
	remotes map[string]bool // names of remotes that are forks
	names   []string        // what a git fetch calls the code of a pull request
}

// takesCode returns where a script takes code of a pull request, as an offset in the
// script: the first place of the highest severity.
func (s *shell) takesCode() (int, report.Severity) {
	f := fetches{s, map[string]bool{}, nil}
	at, worst := 0, report.Severity("")
	for i, c := range s.commands {
		sev, only := f.takes(c)
		if only && sev == report.High && !s.intoTree(s.commands[i+1:], f.names) && !s.laterIntoTree(f.names) {
			sev = report.Medium // its files are not in the working tree
		}
		if sev != "" && (worst == "" || worst == report.Medium && sev == report.High) {
			at, worst = c.offset, sev
		}
	}
	return at, worst
}

var (
	installers = []string{"pip", "pip3", "uv", "uvx", "pipx", "npm", "npx", "yarn", "pnpm", "bun", "bunx", "cargo", "go", "gem", "composer", "docker", "podman", "buildah", "nix", "terraform", "helm", "deno", "conda", "poetry", "brew"}
	runners    = []string{"tar", "bsdtar", "unzip", "7z", "bash", "sh", "zsh", "source", ".", "node", "patch", "make", "chmod", "ruby", "perl", "php", "deno", "bun"}
	imageTools = []string{"docker", "podman", "buildah", "helm", "terraform"}
	shells     = []string{"bash", "sh", "zsh", "dash"}
	newBranch  = []string{"-b", "-B", "-c", "-C", "--orphan", "--create", "--force-create"}
)

// takes returns high if a command takes code of a pull request, and medium if it takes a
// branch by the name that the pull request gives. only is set if the code does not get
// into the working tree.
func (f *fetches) takes(c command) (sev report.Severity, only bool) {
	var words []string
	for _, w := range c.words {
		words = append(words, f.show(w))
	}
	name, args := path.Base(words[0]), words[1:]
	code := func(values ...string) bool {
		return slices.ContainsFunc(f.of(values...), func(m mark) bool { return m.code })
	}
	switch {
	case (name == "gh" || name == "hub") && follows(args, "pr", "checkout"):
		return report.High, false
	case name == "gh" && follows(args, "repo", "clone"):
		return f.origin(args), false
	case name == "git":
		return f.git(args, c)
	case slices.Contains(installers, name) || strings.HasPrefix(name, "python") && slices.Contains(args, "pip"):
		address := "/:#"
		if slices.Contains(imageTools, name) { // a tag may have the name of the fork
			address = "#"
		}
		if slices.ContainsFunc(args, func(a string) bool {
			return (strings.ContainsAny(a, address) || strings.Contains(a, "://")) && f.forkOf(a)
		}) {
			return report.High, false
		}
	}
	if slices.Contains(runners, name) || interpreter.MatchString(name) || strings.Contains(words[0], "/") {
		in := c.in
		if (slices.Contains(shells, name) || interpreter.MatchString(name)) && !slices.Contains(args, "-s") && slices.ContainsFunc(args, hasProgram) {
			in = "" // data for that program
		}
		if code(in) || code(c.words...) || slices.ContainsFunc(words, func(w string) bool { return code(f.files[path.Clean(w)]) }) {
			return report.High, false
		}
	}
	return "", false
}

// hasProgram reports whether an argument of an interpreter is its program.
func hasProgram(arg string) bool {
	return arg != "" && arg != "-" && (arg[0] != '-' || strings.HasSuffix(arg, "c") || strings.HasSuffix(arg, "e"))
}

// follows reports whether b comes after a, with options between them at most.
func follows(args []string, a, b string) bool {
	i := slices.Index(args, a)
	return i >= 0 && slices.ContainsFunc(args[i+1:min(len(args), i+4)], func(w string) bool { return w == b })
}

func (f *fetches) git(args []string, c command) (sev report.Severity, only bool) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "-C" || args[0] == "-c" {
			args = args[min(1, len(args)-1):]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return "", false
	}
	sub, rest := args[0], args[1:]
	switch sub {
	case "remote":
		if len(rest) > 2 && (rest[0] == "add" || rest[0] == "set-url") && f.origin(rest[1:]) == report.High {
			f.remotes[rest[len(rest)-2]] = true
		}
	case "clone":
		return f.origin(rest), false
	case "fetch", "pull":
		sev = f.origin(rest)
		for _, a := range rest {
			if f.remotes[a] {
				sev = report.High
				f.names = append(f.names, a+"/")
			}
			if _, to, ok := strings.Cut(a, ":"); ok && !strings.Contains(a, "://") && sev == report.High {
				f.names = append(f.names, strings.TrimPrefix(strings.TrimPrefix(to, "refs/heads/"), "refs/remotes/"))
			}
		}
		return sev, sub == "fetch"
	case "checkout", "switch", "merge", "rebase", "reset", "cherry-pick", "worktree", "restore", "read-tree":
		return f.refs(sub, rest), false
	case "apply", "am":
		files := ""
		for _, a := range rest {
			files += f.files[path.Clean(a)]
		}
		if slices.ContainsFunc(f.of(append(c.words, files, c.in)...), func(m mark) bool { return m.code }) {
			return report.High, false
		}
	}
	return "", false
}

// refs returns the severity of what git takes into the working tree.
func (f *fetches) refs(sub string, args []string) report.Severity {
	var sev report.Severity
	for i, a := range args {
		if a == "--" {
			break
		}
		if strings.HasPrefix(a, "-") || i > 0 && (sub == "checkout" || sub == "switch" || sub == "worktree") && slices.Contains(newBranch, args[i-1]) {
			continue
		}
		for remote := range f.remotes {
			if strings.HasPrefix(a, remote+"/") {
				return report.High
			}
		}
		if found := f.codeOf(a); found == report.High || sev == "" {
			sev = found
		}
		if sev == report.High {
			break
		}
	}
	return sev
}

// origin returns the severity of an address or a ref from which git fetches.
func (f *fetches) origin(args []string) report.Severity {
	var sev report.Severity
	for _, a := range args {
		switch found := f.codeOf(a); {
		case found == report.High || strings.Contains(a, "/") && f.forkOf(a):
			return report.High
		case found != "":
			sev = found
		}
	}
	return sev
}

// codeOf returns high if a word names the code of a pull request, and medium if it is
// the name of a branch of a pull request. A number alone names no code.
func (c scope) codeOf(word string) report.Severity {
	if strings.Contains(word, "refs/pull/") || gitPull.MatchString(word) || pullRef.MatchString(word) {
		return report.High
	}
	if strings.Contains(word, "$(") && apiHead.MatchString(strings.ReplaceAll(word, "head.ref", "")) {
		return report.High
	}
	var sev report.Severity
	for _, p := range placeholders(word) {
		switch found := c.foreign(p.text); {
		case c.number(p.text):
		case found == report.High:
			return found
		case found == report.Medium && c.namesBranch(p.text):
			sev = cmp.Or(sev, found)
		}
	}
	return sev
}

var forkContexts = []string{
	"github.event.pull_request.head.repo.*", "github.event.pull_request.head.repo.owner.login", "github.event.pull_request.head.user.login", "github.event.pull_request.user.login",
	"github.event.workflow_run.head_repository.*", "github.event.workflow_run.head_repository.owner.login", "github.event.issue.user.login",
}

// forkOf reports whether an address or a name of a repository is that of a fork, or a
// ref of a pull request in an address.
func (c scope) forkOf(word string) bool {
	if strings.Contains(word, "refs/pull/") || strings.Contains(word, "$(") && regexp.MustCompile(`headRepository|\bhead\.repo\b`).MatchString(word) {
		return true
	}
	return slices.ContainsFunc(placeholders(word), func(p placeholder) bool {
		return slices.ContainsFunc(reads(p.node, false), func(r read) bool {
			if r.path[0] == "env" && len(r.path) == 2 && c.env(r.path[1]) != "" && c.depth < maxTaintDepth {
				inner := c
				inner.depth++
				return inner.forkOf(c.env(r.path[1]))
			}
			return slices.ContainsFunc(forkContexts, r.matches)
		})
	})
}

var inExpression = regexp.MustCompile(`\$(?:\{\{.*?\}\}|\(.*?\))`)

var intoTreeCommands = []string{"checkout", "switch", "merge", "reset", "worktree", "rebase", "cherry-pick", "restore", "read-tree", "archive", "am", "apply", "pull"}

// intoTree reports whether one of the later commands takes what was fetched into the
// working tree.
func (s *shell) intoTree(later []command, names []string) bool {
	return slices.ContainsFunc(later, func(c command) bool {
		return path.Base(c.words[0]) == "git" && takesFetched(s.show(strings.Join(c.words, " ")), names)
	})
}

// takesFetched reports whether a command of git takes something into the working tree
// that is not fixed text, or one of the names.
func takesFetched(text string, names []string) bool {
	words := strings.Fields(inExpression.ReplaceAllStringFunc(text, func(m string) string { return strings.ReplaceAll(m, " ", "") }))
	i := slices.IndexFunc(words, func(w string) bool { return slices.Contains(intoTreeCommands, w) })
	if i < 0 {
		return false
	}
	for _, w := range words[i+1:] {
		if w == "--" {
			break
		}
		if trustedRef.MatchString(w) {
			continue
		}
		if strings.ContainsAny(w, "$%") || strings.Contains(w, "FETCH_HEAD") || strings.Contains(w, "pull/") || w == "-" ||
			slices.ContainsFunc(names, func(n string) bool {
				return w == n || w == "origin/"+n || strings.HasSuffix(n, "/") && strings.HasPrefix(w, n)
			}) {
			return true
		}
	}
	return false
}

// laterIntoTree is intoTree for the later steps of the job.
func (c scope) laterIntoTree(names []string) bool {
	after := false
	for _, s := range c.job.Steps {
		if sh := (scope{c.File, c.job, s, c.depth, c.from}).runShell(); after && sh != nil {
			if sh.intoTree(sh.commands, names) {
				return true
			}
		} else if after {
			for _, m := range intoTree.FindAllStringIndex(value(script(s)), -1) {
				line, _, _ := strings.Cut(value(script(s))[m[0]:], "\n")
				if takesFetched(line, names) {
					return true
				}
			}
		}
		after = after || s == c.step
	}
	return false
}
