package workflow

import (
	"fmt"
	"path"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// artipacked reports a job that uploads its whole folder after a checkout that stores
// the token in .git/config: anyone who downloads the artifact gets the token.
func artipacked(w *File) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		kept := map[string]*actionlint.String{} // folder → uses: of its checkout
		for _, s := range j.Steps {
			switch name := actionName(s); {
			case name == "actions/checkout":
				// Version 6 and later store the token outside the workspace.
				uses := s.Exec.(*actionlint.ExecAction).Uses
				if value(input(s, "persist-credentials")) != "false" && !atLeast(w.version(uses), "6") {
					kept[path.Clean(value(input(s, "path")))] = uses
				}
			case name == "actions/upload-artifact" && w.hidden(s):
				for line := range strings.Lines(value(input(s, "path"))) {
					if uses := kept[whole(line)]; uses != nil {
						out = append(out, report.Finding{
							Rule: "artipacked", Severity: report.Medium, At: w.at(s.Exec.(*actionlint.ExecAction).Uses.Pos),
							Message: fmt.Sprintf("path: %s includes .git/config with the token that the checkout in line %d stores there: anyone who downloads the artifact gets it", short(strings.TrimSpace(line)), uses.Pos.Line),
							Fix:     "set with: {persist-credentials: false} in the checkout, and name the files to upload",
						})
						break
					}
				}
			}
		}
	}
	return out
}

// hidden reports whether the step uploads files whose name starts with a dot. From
// version 4.4 on, include-hidden-files must be set.
func (w *File) hidden(s *actionlint.Step) bool {
	if v := value(input(s, "include-hidden-files")); v != "" {
		return v != "false"
	}
	version := w.version(s.Exec.(*actionlint.ExecAction).Uses)
	return !atLeast(version, "4.4.0") && version != "4"
}

func atLeast(version, than string) bool {
	return version != "" && !older(version, than)
}

// whole returns the folder that a line of upload-artifact's path uploads as a whole, or
// "" if it does not.
func whole(line string) string {
	p := strings.TrimSpace(line)
	for _, root := range []string{"${{ github.workspace }}", "${{github.workspace}}", "$GITHUB_WORKSPACE"} {
		p = strings.Replace(p, root, ".", 1)
	}
	if p == "" {
		return "\x00"
	}
	return path.Clean(strings.TrimSuffix(strings.TrimSuffix(p, "**"), "*"))
}
