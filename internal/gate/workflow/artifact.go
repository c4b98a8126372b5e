package workflow

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var (
	artifactDownloads = map[string]bool{
		"dawidd6/action-download-artifact": true, "aochmann/actions-download-artifact": true,
		"blablacar/action-download-last-artifact": true,
	}
	readsFile = regexp.MustCompile(`\$\(\s*(?:cat\b|<|jq\b|head\b|tail\b)|\x60cat\b|^\s*(?:sudo\s+)?(?:cat|jq|grep|head|tail|unzip\s+-p)\s|\btee\b.*<`)
	// fromFile matches a variable that gets the text of a file, and onlySome what leaves of it
	// only the characters that are expected.
	fromFile = regexp.MustCompile(`^\s*(?:(?:export|local|declare|readonly)\s+)?([A-Za-z_]\w*)=["']?(?:\$\(\s*(?:cat|<|head|tail)\b?|\x60cat\b)`)
	onlySome = regexp.MustCompile(`\btr\s+-(?:cd|dc)\b|\bgrep\s+-\w*o|\bsed\b|\bprintf\s+["']?%d`)
	// runsFile matches a command that runs a file, or makes it executable.
	runsFile = regexp.MustCompile(`^(?:(?:ba|da|z)?sh|source|\.|node|deno\s+run|python[\d.]*|ruby|perl|php|pwsh|chmod\s+(?:\+x|[augo]+\+x|7\d\d))\s+((?:-\S+\s+)*)(?:<\s*)?["']?([^\s"';]+)|^["']?(\.{0,2}/?[^\s"'=]*/[^\s"']*)`)
	// runsFolder matches a command that runs what the files of a folder say, and toFolder
	// the option that names the folder.
	runsFolder = regexp.MustCompile(`^(?:(?:npm|pnpm|bun)\s+(?:\S+\s+)*?(?:ci|i|install|add|run|run-script|test|t|start|exec|build|rebuild|pack|publish|x)\b|yarn\b|npx\b|make\b|just\b|cmake\b|pip3?\s+(?:\S+\s+)*?install\b|uv\s+(?:run|sync|pip)\b|(?:poetry|pipenv|tox|nox|pytest|rake|mvn|gradle|ant|sbt|bazel|composer|terraform)\b|bundle\s+(?:exec|install)\b|cargo\s+(?:build|run|test|check|clippy|bench|install)\b|go\s+(?:run|test|generate|tool)\b|dotnet\s+(?:build|run|test|publish|restore)\b|docker\s+(?:buildx\s+)?(?:build|compose)\b)`)
	toFolder   = regexp.MustCompile(`\s(?:--prefix|-C|--cwd|--dir|--directory|--project|--manifest-path|--root|--chdir|-chdir)(?:\s+|=)["']?([^\s"']+)`)
	namesPath  = regexp.MustCompile(`^(?:pip|docker|go\s+(?:run|test)|pytest|uv)`) // their arguments name what runs
	evaluates  = regexp.MustCompile(`(?:^|\s)(?:-e|-c|-p|--eval|--version)\s`)
	prefixes   = regexp.MustCompile(`^(?:[\s({!]+|(?:sudo|then|do|else|if|while|time|exec|env|nohup|command)\s+(?:-\S+\s+)*|timeout\s+(?:-\S+\s+)*\S+\s+|[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*)\s+)+`)
	changes    = regexp.MustCompile(`^(?:cd|pushd|Set-Location)\s+["']?([^\s"')]+)`)
	commandEnd = regexp.MustCompile(`&&|\|\||[;|\n]|\$\(`)

	ghDownload = regexp.MustCompile(`\bgh\s+run\s+download\b`)
	apiZip     = regexp.MustCompile(`actions/artifacts/.*/zip\b`)
	ghFolder   = regexp.MustCompile(`\s(?:-D|--dir)(?:\s+|=)["']?([^\s"']+)`)
	zipFile    = regexp.MustCompile(`[\w.-]+\.zip\b`)
	unpacks    = regexp.MustCompile(`^(?:unzip|tar|7z)\b`)
	unpackTo   = regexp.MustCompile(`\s(?:-d|-C|--directory|-o)[\s=]*["']?([^\s"']+)`)
	pipedFile  = regexp.MustCompile(`\bcat\s+["']?([^\s"'|]+)["']?\s*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b`)

	loads    = regexp.MustCompile(`\b(?:require|import)\(\s*["'\x60]([./$][^"'\x60]*)|\bfrom\s+["']([./][^"']*)`)
	executes = regexp.MustCompile(`\b(?:exec|execSync|getExecOutput|spawnSync|spawn)\(\s*["'\x60]([^"'\x60]+)["'\x60](?:\s*,\s*\[([^\]]*)\])?`)

	tempFolder = regexp.MustCompile(`\$\{\{\s*runner\.temp\s*\}\}|\$\{?(?:process\.env\.|env:)?RUNNER_TEMP\}?|%RUNNER_TEMP%`)
	workFolder = regexp.MustCompile(`\$\{\{\s*github\.workspace\s*\}\}|\$\{?(?:process\.env\.|env:)?GITHUB_WORKSPACE\}?|%GITHUB_WORKSPACE%`)
)

// workspace stands for the folder in which the steps of a job run.
const workspace = "/workspace"

// foreignArtifact reports what a workflow_run does with the artifact of a run that
// a fork may have triggered: the author of the pull request controls its files.
func foreignArtifact(w *File) []report.Finding {
	var out []report.Finding
	for _, p := range w.ways() {
		for _, j := range w.jobs() {
			a := artifact{vars: map[string]string{}}
			for _, s := range j.Steps {
				if slices.Contains(w.events(j, s, p, started), "workflow_run") {
					a.scope = scope{File: w, job: j, step: s, from: p}
					out = append(out, a.next()...)
				}
			}
		}
	}
	return out
}

// artifact follows the files of a foreign artifact from step to step.
type artifact struct {
	scope
	folders []string // that contain such files
	zips    []string // names of files that were not unpacked
	from    int      // line of the latest download; 0: none
	vars    map[string]string
}

// next returns what a step does with the files.
func (a *artifact) next() []report.Finding {
	s := a.step
	if run := script(s); run != nil {
		return a.script(run)
	}
	exec, ok := s.Exec.(*actionlint.ExecAction)
	name, text := actionName(s), value(input(s, "script"))
	switch {
	case !ok:
	case artifactDownloads[name] || name == "actions/download-artifact" && input(s, "run-id") != nil:
		a.add(value(input(s, "path")))
	case name == "actions/github-script" && strings.Contains(text, "downloadArtifact"):
		a.add("")
		a.zips = append(a.zips, zipFile.FindAllString(text, -1)...)
	case name == "actions/github-script":
		return a.javaScript(input(s, "script"))
	case strings.HasPrefix(value(exec.Uses), "./") && a.has(a.place(exec.Uses.Value)):
		return a.runs(exec.Uses.Value, a.at(exec.Uses.Pos))
	}
	return nil
}

func (a *artifact) add(folder string) {
	a.folders, a.from = append(a.folders, a.place(folder)), a.step.Pos.Line
}

// place returns the whole path of a file or folder.
func (a *artifact) place(name string) string {
	return join(workspace, a.resolve(strings.Trim(name, `"'`)))
}

// resolve replaces the variables for the folders of the runner, and those that the
// workflow or an earlier line of the script sets.
func (a *artifact) resolve(text string) string {
	folders := func(s string) string {
		return workFolder.ReplaceAllString(tempFolder.ReplaceAllString(s, "/temp"), workspace)
	}
	return variable.ReplaceAllStringFunc(folders(a.expand(text)), func(v string) string {
		name := strings.Trim(v, "${}%")
		if known := cmp.Or(a.vars[name], a.env(name)); known != "" {
			return folders(known)
		}
		return v
	})
}

// has reports whether a path leads to a folder of the artifact. It returns false for the
// workspace itself, where a file may come from the artifact or from the checkout.
func (a *artifact) has(name string) bool {
	return slices.ContainsFunc(a.folders, func(f string) bool { return f != workspace && inFolder(name, f) })
}

func (a *artifact) runs(file string, at report.Location) []report.Finding {
	return []report.Finding{{
		Rule: "dangerous-trigger", Severity: report.High, At: at,
		Message: fmt.Sprintf("%s is run from the folder into which line %d downloads an artifact that a fork may have created: its code gets the base repository's token and secrets", short(file), a.from),
		Fix:     "do not run files of the artifact, and download it into a separate folder: path: ${{ runner.temp }}/artifact",
	}}
}

func (a *artifact) script(run *actionlint.String) []report.Finding {
	var out []report.Finding
	dir, offset, continued := a.workingDirectory(), 0, false
	var held []string // variables with the text of a file
	for line := range strings.Lines(run.Value) {
		start := offset
		offset += len(line)
		at := a.within(run, start)
		rest := continued // of a command that began in an earlier line
		continued = strings.HasSuffix(line, "\\\n")
		if commentLine.MatchString(line) {
			continue
		}
		command := ""
		if !rest {
			command = a.resolve(wholeCommand(run.Value[start:]))
		}
		if m := assigns.FindStringSubmatch(command); m != nil {
			a.vars[m[2]] = strings.Trim(m[3], `"'`)
		}
		switch {
		case ghDownload.MatchString(command):
			folder := "."
			if m := ghFolder.FindStringSubmatch(command); m != nil {
				folder = m[1]
			}
			a.add(join(dir, folder))
			continue
		case apiZip.MatchString(command):
			a.add("")
			a.zips = append(a.zips, zipFile.FindAllString(command, -1)...)
			continue
		case a.from == 0:
			continue
		}
		if m := fromFile.FindStringSubmatch(line); m != nil && !onlySome.MatchString(line) && !strings.Contains(run.Value, "$"+m[1]+" =~") && !strings.Contains(run.Value, "${"+m[1]+"} =~") && !strings.Contains(run.Value, `$`+m[1]+`" =~`) {
			held = append(held, m[1])
		}
		holds := slices.ContainsFunc(held, func(name string) bool {
			return strings.Contains(line, "${"+name+"}") || strings.Contains(line+" ", "$"+name+" ") || strings.Contains(line, "$"+name+`"`)
		})
		if m := toFile.FindStringSubmatch(line); m != nil && (holds || readsFile.MatchString(line)) && !randomDelimiter.MatchString(run.Value) {
			sev := report.High
			if m[1] == "OUTPUT" {
				sev = report.Medium
			}
			out = append(out, report.Finding{
				Rule: "env-file-injection", Severity: sev, At: at,
				Message: fmt.Sprintf("a file is written to GITHUB_%s after line %d downloads an artifact that a fork may have created: a line break in the file sets other variables", m[1], a.from),
				Fix:     `keep only the characters you expect, number=$(tr -cd 0-9 < pr.txt), and write "number=$number"`,
			})
		}
		var file string
		if file, dir = a.runsOf(command, dir); file != "" {
			out = append(out, a.runs(file, at)...)
		}
	}
	return out
}

// wholeCommand returns the first line of a script and the lines that continue it.
func wholeCommand(script string) string {
	end := 0
	for line := range strings.Lines(script) {
		if end += len(line); !strings.HasSuffix(line, "\\\n") {
			break
		}
	}
	return strings.TrimRight(strings.ReplaceAll(script[:end], "\\\n", "  "), "\r\n")
}

// workingDirectory returns the folder in which the script of the step runs.
func (a *artifact) workingDirectory() string {
	var dir *actionlint.String
	if run, ok := a.step.Exec.(*actionlint.ExecRun); ok {
		dir = run.WorkingDirectory
	}
	for _, d := range []*actionlint.Defaults{a.job.Defaults, a.Defaults} {
		if dir == nil && d != nil && d.Run != nil {
			dir = d.Run.WorkingDirectory
		}
	}
	return a.place(value(dir))
}

// runsOf returns the file or folder of the artifact that a line of a script runs, or "",
// and the folder in which the next line runs.
func (a *artifact) runsOf(line, dir string) (file, next string) {
	next = dir
	if m := pipedFile.FindStringSubmatch(line); m != nil && a.has(join(dir, m[1])) {
		file = m[1]
	}
	for _, command := range commandEnd.Split(line, -1) {
		command = strings.TrimSpace(prefixes.ReplaceAllString(command, ""))
		words := strings.Fields(command)
		named := func(w string) bool {
			w = strings.Trim(w, `"')`)
			return w != "" && !strings.HasPrefix(w, "-") && (a.has(join(dir, w)) || slices.Contains(a.zips, path.Base(w)))
		}
		switch m := changes.FindStringSubmatch(command); {
		case command == "popd", m != nil && m[1] == "-":
			dir = a.workingDirectory()
			continue
		case m != nil:
			dir = join(dir, m[1])
			continue
		case unpacks.MatchString(command) && slices.ContainsFunc(words[1:], named):
			to := dir
			if m := unpackTo.FindStringSubmatch(command); m != nil {
				to = join(dir, m[1])
			}
			a.folders = append(a.folders, to)
			continue
		}
		if m := runsFile.FindStringSubmatch(command); m != nil && !evaluates.MatchString(m[1]) && a.has(join(dir, m[2]+m[3])) {
			file = cmp.Or(file, m[2]+m[3])
		}
		if !runsFolder.MatchString(command) || strings.Contains(command, "--ignore-scripts") {
			continue
		}
		where := dir
		if m := toFolder.FindStringSubmatch(command); m != nil {
			where = join(dir, m[1])
		}
		if a.has(where) || namesPath.MatchString(command) && slices.ContainsFunc(words[1:], named) {
			file = cmp.Or(file, command)
		}
	}
	if !strings.HasPrefix(strings.TrimSpace(line), "(") { // a subshell
		next = dir
	}
	return file, next
}

func join(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// javaScript returns what a script of actions/github-script runs.
func (a *artifact) javaScript(text *actionlint.String) []report.Finding {
	var out []report.Finding
	for _, m := range loads.FindAllStringSubmatchIndex(value(text), -1) {
		if file := sub(text.Value, m, 1) + sub(text.Value, m, 2); a.has(a.place(file)) {
			out = append(out, a.runs(file, a.within(text, m[0]))...)
		}
	}
	for _, m := range executes.FindAllStringSubmatchIndex(value(text), -1) {
		command := sub(text.Value, m, 1) + " " + strings.NewReplacer(`"`, "", "'", "", "`", "", ",", " ").Replace(sub(text.Value, m, 2))
		if file, _ := a.runsOf(a.resolve(command), workspace); file != "" {
			out = append(out, a.runs(file, a.within(text, m[0]))...)
		}
	}
	return out
}

// sub returns the group n of a match, or "".
func sub(text string, m []int, n int) string {
	if m[2*n] < 0 {
		return ""
	}
	return text[m[2*n]:m[2*n+1]]
}
