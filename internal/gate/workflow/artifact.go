package workflow

import (
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
	runsFile  = regexp.MustCompile(`^\s*(?:sudo\s+)?(?:(?:ba|da|z)?sh|source|\.|node|python3?|ruby|perl|chmod\s+(?:\+x|a\+x|755))\s+["']?(\S+)|^\s*(?:sudo\s+)?["']?(\.{0,2}/?[^\s=]*/[^\s"']*)`)
)

// foreignArtifact reports what a workflow_run does with the artifact of a run that
// a fork may have triggered: the author of the pull request controls its files.
func foreignArtifact(w *File) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		folder, from := "", 0
		for _, s := range j.Steps {
			if !slices.Contains(w.privileged(j, s), "workflow_run") {
				continue
			}
			if at, ok := download(s); ok {
				folder, from = path.Clean(at), s.Pos.Line
				continue
			}
			if run := script(s); run != nil && from > 0 {
				out = append(out, w.usesArtifact(run, folder, from)...)
			}
		}
	}
	return out
}

// download returns the folder into which a step downloads an artifact of another run,
// and false if the step does not download one.
func download(s *actionlint.Step) (string, bool) {
	name := actionName(s)
	if run := script(s); run != nil {
		return "", strings.Contains(run.Value, "gh run download") || strings.Contains(run.Value, "actions/artifacts/") && strings.Contains(run.Value, "/zip")
	}
	switch {
	case name == "actions/download-artifact":
		return value(input(s, "path")), input(s, "run-id") != nil
	case name == "actions/github-script":
		return "", strings.Contains(value(input(s, "script")), "downloadArtifact")
	}
	return value(input(s, "path")), artifactDownloads[name]
}

func (w *File) usesArtifact(run *actionlint.String, folder string, from int) []report.Finding {
	var out []report.Finding
	offset := 0
	for line := range strings.Lines(run.Value) {
		at := w.within(run, offset)
		offset += len(line)
		if m := toFile.FindStringSubmatch(line); m != nil && readsFile.MatchString(line) && !randomDelimiter.MatchString(run.Value) {
			sev := report.High
			if m[1] == "OUTPUT" {
				sev = report.Medium
			}
			out = append(out, report.Finding{
				Rule: "env-file-injection", Severity: sev, At: at,
				Message: fmt.Sprintf("a file is written to GITHUB_%s after line %d downloads an artifact that a fork may have created: a line break in the file sets other variables", m[1], from),
				Fix:     `keep only the characters you expect, number=$(tr -cd 0-9 < pr.txt), and write "number=$number"`,
			})
		}
		if file, ok := runsOf(line, folder); ok {
			out = append(out, report.Finding{
				Rule: "dangerous-trigger", Severity: report.High, At: at,
				Message: fmt.Sprintf("%s is run from the folder into which line %d downloads an artifact that a fork may have created: its code gets the base repository's token and secrets", file, from),
				Fix:     "do not run files of the artifact, and download it into a separate folder: path: ${{ runner.temp }}/artifact",
			})
		}
	}
	return out
}

// runsOf returns the file of the folder that a line of a script runs, and false if the
// line runs none. It always returns false for the workspace itself, where a file may
// come from the artifact or from the checkout.
func runsOf(line, folder string) (string, bool) {
	if folder == "" || folder == "." || strings.HasPrefix(strings.TrimSpace(line), "#") {
		return "", false
	}
	m := runsFile.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	file := strings.Trim(m[1]+m[2], `"';`)
	clean := path.Clean(file)
	return short(file), strings.HasPrefix(clean, folder+"/") || clean == folder
}
