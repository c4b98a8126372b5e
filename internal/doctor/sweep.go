package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const nothingRaises = "no workflow raises previews"

// sweepers are the workflows that a schedule starts and that remove previews.
func (p *patient) sweepers() []workflow {
	var all []workflow
	for _, w := range p.workflows {
		if w.on("schedule") && p.reaches(w, "preview-down") {
			all = append(all, w)
		}
	}
	return all
}

// sweep holds the schedule to the promises of the configuration (GP-PREV-4): a
// preview lives its time and, at most, one interval more.
func sweep(p *patient) finding {
	if !p.does("preview-up") {
		return notApplicable(nothingRaises)
	}
	var crons, shared []string
	var mend []string
	for _, w := range p.sweepers() {
		crons = append(crons, w.crons...)
		for _, event := range w.events {
			if event != "schedule" && event != "workflow_dispatch" {
				shared = append(shared, folder+"/"+w.file+" also runs on "+event)
			}
		}
	}
	if len(crons) == 0 {
		return finding{report.Failed, "previews are raised, and no schedule sweeps", "without one a preview whose close event never came is never removed", []string{
			"copy workflows/sweep.yml of goldenpath to " + folder + "/goldenpath-sweep.yml",
		}}
	}
	every, err := longest(crons)
	if err != nil {
		return finding{report.Failed, err.Error(), "", []string{"schedule:", "  - cron: 17 * * * *"}}
	}
	ttl, promised := p.config.Preview.TTL.D(), p.config.Preview.SweepEvery.D()
	effective := fmt.Sprintf("a preview of %s is gone after %s at most", span(ttl), span(ttl+every))
	mend = []string{"preview: {sweep-every: " + span(every) + "}   in .goldenpath.yml, or a schedule that is as frequent as it says: " + span(promised)}
	switch {
	case every > ttl:
		return finding{report.Failed, fmt.Sprintf("the longest pause between sweeps is %s, longer than preview.ttl (%s)", span(every), span(ttl)), effective, mend}
	case every > promised:
		return finding{report.Warned, fmt.Sprintf("the longest pause between sweeps is %s; preview.sweep-every says %s", span(every), span(promised)), effective + ": ends and budgets are reckoned with less", mend}
	case len(shared) > 0:
		return finding{report.Warned, several(shared), "GitHub disables a schedule after 60 days without activity, and the whole file with it", []string{"keep the sweep in a workflow of its own"}}
	}
	return finding{state: report.OK, seen: fmt.Sprintf("every %s at least; %s", span(every), effective)}
}

// longest is the longest pause between two moments of any of the schedules, which
// are in UTC.
func longest(crons []string) (time.Duration, error) {
	var all []cron.Schedule
	for _, c := range crons {
		// The library reads more than GitHub does: @hourly, TZ=.
		if len(strings.Fields(c)) != 5 {
			return 0, fmt.Errorf("cron %.60q: want five fields such as 17 * * * *", c)
		}
		s, err := cron.ParseStandard(c)
		if err != nil {
			return 0, fmt.Errorf("cron %.60q: %w", c, err)
		}
		all = append(all, s)
	}
	// A leap year, and no more moments than a schedule of every minute has in ten
	// days: what varies over the year is not that frequent.
	begin := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	pause, now := time.Duration(0), begin
	for range 14400 {
		next := time.Time{}
		for _, s := range all {
			if n := s.Next(now); !n.IsZero() && (next.IsZero() || n.Before(next)) {
				next = n
			}
		}
		if next.IsZero() {
			return 0, fmt.Errorf("cron %.60q never comes", strings.Join(crons, ", "))
		}
		if now != begin {
			pause = max(pause, next.Sub(now))
		}
		if now = next; now.Sub(begin) > 400*24*time.Hour {
			break
		}
	}
	return pause, nil
}

// span is a duration as people and the configuration write it: 1h, 1d, 1h30m.
func span(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	s := d.Round(time.Minute).String()
	if s = strings.TrimSuffix(s, "0s"); strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sweepRuns looks whether the schedule is alive.
func sweepRuns(p *patient) finding {
	switch {
	case !p.does("preview-up"):
		return notApplicable(nothingRaises)
	case len(p.hub.sweeps) == 0:
		return notApplicable("no schedule sweeps")
	}
	var worst finding
	for _, file := range slices.Sorted(maps.Keys(p.hub.sweeps)) {
		if f := p.alive(file, p.hub.sweeps[file]); worst.state == "" || rank(f.state) > rank(worst.state) {
			worst = f
		}
	}
	return worst
}

func rank(s report.State) int {
	return slices.Index([]report.State{report.OK, report.Missing, report.Warned, report.Failed}, s)
}

func (p *patient) alive(file string, s scheduled) finding {
	enable := []string{"gh workflow enable " + quote(file), "gh workflow run " + quote(file)}
	switch {
	case notFound(s.workflow.err):
		return finding{report.Failed, file + " is not known to GitHub", "a schedule runs from the default branch alone", []string{"merge " + folder + "/" + file + " into " + p.hub.repository.Branch}}
	case s.workflow.err != nil:
		return unseen(s.workflow.err)
	case s.workflow.value.State != "active":
		return finding{report.Failed, file + " is " + s.workflow.value.State, "nothing is swept; GitHub disables schedules after 60 days without activity", enable}
	case s.runs.err != nil:
		return unseen(s.runs.err)
	case len(s.runs.value) == 0:
		return finding{report.Warned, file + " has not run on its schedule", "", enable[1:]}
	}
	every := time.Hour
	for _, w := range p.workflows {
		if w.file == file {
			if e, err := longest(w.crons); err == nil {
				every = e
			}
		}
	}
	// GitHub delays schedules, and leaves some out when it is busy.
	last, late := s.runs.value[0], p.Now().Sub(s.runs.value[0].Created)
	done := slices.IndexFunc(s.runs.value, func(r github.Run) bool { return r.Status == "completed" })
	switch {
	case late > 3*every+time.Hour:
		return finding{report.Warned, fmt.Sprintf("%s ran on its schedule %s ago, and should every %s", file, span(late), span(every)), "", enable}
	case done >= 0 && s.runs.value[done].Conclusion != "success":
		return finding{report.Warned, fmt.Sprintf("the last run of %s ended as %s", file, s.runs.value[done].Conclusion), s.runs.value[done].Link, []string{"gh run list --workflow " + quote(file)}}
	}
	return finding{state: report.OK, seen: fmt.Sprintf("%s is active, and ran %s ago", file, span(p.Now().Sub(last.Created)))}
}
