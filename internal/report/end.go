package report

import (
	"fmt"
	"time"
)

// RunData is the data of the report of goldenpath run.
type RunData struct {
	End   End   `json:"end"`
	Story Story `json:"story"`
}

// End is what a person reads last: what runs where when a run has ended, and what to do
// next. Every address in it answered when the run ended. An empty field does not apply.
type End struct {
	Environment string     `json:"environment,omitempty"` // that Address belongs to: production, preview/local
	Address     string     `json:"address,omitempty"`
	Release     string     `json:"release,omitempty"`     // that runs there: 2026.11.28-7
	Replaced    string     `json:"replaced,omitempty"`    // the release that it replaced
	Rollback    string     `json:"rollback,omitempty"`    // command that returns to the good release before it; "": there is none
	Expires     *time.Time `json:"expires,omitempty"`     // of a preview
	Remove      string     `json:"remove,omitempty"`      // command that removes the preview
	Uncommitted int        `json:"uncommitted,omitempty"` // changes of the working tree that the run did not include
	NothingNew  bool       `json:"nothing_new,omitempty"` // an earlier run had completed every stage
	Causes      []string   `json:"causes,omitempty"`      // what failed, where the title does not give it
	Notes       []string   `json:"notes,omitempty"`       // what a person has to know about the release, a sentence each
	Log         string     `json:"log,omitempty"`         // file with the whole output of what failed
	Next        []string   `json:"next,omitempty"`        // what to do now, a sentence or a command each
}

// Lines returns the lines of a log or a page, each with a label.
func (e End) Lines() [][2]string {
	var all [][2]string
	add := func(label, text string) {
		if text != "" {
			all = append(all, [2]string{label, text})
		}
	}
	for _, n := range e.Notes {
		add("note", n)
	}
	if e.Address != "" {
		add(e.Environment, e.Address)
	}
	release := e.Release
	if release != "" && e.Replaced != "" {
		release += " (replaced " + e.Replaced + ")"
	}
	add("release", release)
	add("rollback", e.Rollback)
	if e.Expires != nil {
		add("ends", e.Expires.UTC().Format("Mon 2 Jan 15:04 MST"))
	}
	add("remove", e.Remove)
	for _, c := range e.Causes {
		add("cause", c)
	}
	add("full log", e.Log)
	for _, n := range e.Next {
		add("next", n)
	}
	switch {
	case e.Uncommitted == 0 || e.NothingNew: // the title says so
	case e.Uncommitted == 1:
		add("note", "1 uncommitted change is not included")
	default:
		add("note", fmt.Sprintf("%d uncommitted changes are not included", e.Uncommitted))
	}
	return all
}

// end returns what a run reports last. Other reports have no such data.
func (r *Report) end() End {
	if r.Name != "run" {
		return End{}
	}
	d, err := DataOf[RunData](r)
	if err != nil {
		return End{}
	}
	return d.End
}
