package comment

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// marker is the hidden record of a section. The overview is made from markers
// alone, so that the visible text never has to be parsed.
//
// A marker is not signed. It is trusted because of where it is: in a comment that
// the job's own account wrote, which only goldenpath and people with write access
// to the repository can edit.
type marker struct {
	Section    string         `json:"section"`          // preview, or the name of the report
	Report     string         `json:"report,omitempty"` // command that made the report: preview-up, preview-down
	Verdict    report.Verdict `json:"verdict,omitempty"`
	Reason     report.Reason  `json:"reason,omitempty"`
	Title      string         `json:"title,omitempty"`
	Commit     string         `json:"commit,omitempty"`     // full commit id; "": the section does not belong to one
	Trusted    bool           `json:"trusted,omitempty"`    // the report was made with trusted code
	URL        string         `json:"url,omitempty"`        // where the preview answers
	Generation string         `json:"generation,omitempty"` // of the preview whose seed was left to another job
	Seeded     bool           `json:"seeded,omitempty"`     // that job ran it
	Run        string         `json:"run,omitempty"`        // web page of the run that made the report
	Rows       []row          `json:"rows,omitempty"`       // of the overview; none: the title is the row
	Steps      []string       `json:"steps,omitempty"`      // what to do, if the section blocks
}

// Bounds of a marker.
const (
	maxTitle  = 300      // runes; each takes at most six bytes after escaping
	maxMarker = 16 << 10 // bytes
)

const (
	dataPrefix = "<!-- goldenpath-data: "
	lineSuffix = " -->"
)

// escapeMarker replaces, with JSON escapes, characters that could end an HTML comment or that
// GitHub could read as a mention or an issue. All of these characters occur
// in JSON only inside strings. The encoder itself escapes <, > and &.
var escapeMarker = strings.NewReplacer("--", `-\u002d`, "@", `\u0040`, "#", `\u0023`)

// encode returns the marker as one line: an HTML comment that holds JSON.
func (m marker) encode() string {
	b, err := json.Marshal(m)
	if err != nil { // only a type that JSON does not know can cause this
		return dataPrefix + "{}" + lineSuffix
	}
	return dataPrefix + escapeMarker.Replace(string(b)) + lineSuffix
}

// decode reads a marker of the section from its line.
func decode(section, line string) (marker, error) {
	text, ok := strings.CutPrefix(line, dataPrefix)
	if !ok {
		return marker{}, errors.New("the section has no marker")
	}
	text, ok = strings.CutSuffix(text, lineSuffix)
	if !ok || len(line) > maxMarker || strings.Contains(text, "--") {
		return marker{}, errors.New("the marker is incomplete or too long")
	}
	var m marker
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return marker{}, fmt.Errorf("read the marker: %w", err)
	}
	switch {
	case m.Section != section:
		return marker{}, fmt.Errorf("the marker belongs to section %.60q", m.Section)
	case m.Commit != "" && !isCommit(m.Commit):
		return marker{}, fmt.Errorf("the marker's commit %.70q is not a commit id", m.Commit)
	case section != overviewName && !validVerdict(m.Verdict):
		return marker{}, fmt.Errorf("the marker's verdict %.60q is unknown", m.Verdict)
	}
	return m, nil
}

func validVerdict(v report.Verdict) bool {
	return slices.Contains([]report.Verdict{report.Pass, report.Warn, report.Fail, report.Skip}, v)
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
