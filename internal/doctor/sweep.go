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
	"github.com/seed-b235b314/goldenpath/internal/text"
)

const noPreviews = "no previews are created on GitHub"

// sweepers returns the scheduled workflows that remove previews.
func (r *repo) sweepers() []workflow {
	var all []workflow
	for _, w := range r.workflows {
		if w.on("schedule") && r.reaches(w, "preview-down") {
			all = append(all, w)
		}
	}
	return all
}

// sweep checks the schedule against the configuration (GP-PREV-4): a preview outlives
// its TTL by one sweep interval at most.
func sweep(r *repo) finding {
	if !r.previews() {
		return notApplicable(noPreviews)
	}
	var crons, shared []string
	var fix []string
	for _, w := range r.sweepers() {
		crons = append(crons, w.crons...)
		for _, event := range w.events {
			if event != "schedule" && event != "workflow_dispatch" {
				shared = append(shared, folder+"/"+w.file+" also runs on "+event)
			}
		}
	}
	if len(crons) == 0 && r.config.Preview.Target == serverTarget {
		return finding{state: report.OK, found: "the timer of the server removes expired previews every 5 minutes"}
	}
	if len(crons) == 0 {
		return finding{report.Failed, "previews are created, but no schedule sweeps them", "a preview whose close event was lost is never removed", []string{
			"goldenpath init --with sweep", "or copy workflows/sweep.yml from the goldenpath repository to " + folder + "/goldenpath-sweep.yml",
		}}
	}
	every, err := LongestPause(crons)
	if err != nil {
		return finding{report.Failed, err.Error(), "", []string{"schedule:", "  - cron: 17 */6 * * *"}}
	}
	ttl, configured := r.config.Preview.TTL.D(), r.config.Preview.SweepEvery.D()
	effective := fmt.Sprintf("a preview with a TTL of %s is removed after %s at most", span(ttl), span(ttl+every))
	fix = []string{"preview: {sweep-every: " + span(every) + "}   in .goldenpath.yml, or change the schedule to run at least every " + span(configured)}
	cluster := r.config.Preview.Target == "kubernetes" // where a controller may sweep, which cannot be seen from here
	pause := fmt.Sprintf("the longest pause between scheduled sweeps is %s, ", span(every))
	switch {
	case every > ttl && !(cluster && every <= backstop):
		return finding{report.Failed, pause + "longer than preview.ttl (" + span(ttl) + ")", effective, fix}
	case every > configured && cluster:
		return finding{report.Missing, pause + "and preview.sweep-every is " + span(configured), effective + ", unless the controller sweeps in the cluster: goldenpath preview list shows whether it does",
			append(fix, "goldenpath preview controller | kubectl apply --filename -")}
	case every > configured:
		return finding{report.Warned, pause + "but preview.sweep-every is " + span(configured), effective + "; expiry and budgets are computed with the shorter interval", fix}
	case len(shared) > 0:
		return finding{report.Warned, several(shared), "GitHub disables the whole file, not only its schedule, after 60 days without activity", []string{"move the sweep into its own workflow"}}
	}
	return finding{state: report.OK, found: fmt.Sprintf("at least every %s; %s", span(every), effective)}
}

// backstop is the schedule of the starter, which is enough beside a controller.
const backstop = 6 * time.Hour

// LongestPause returns the longest pause between two runs of the schedules combined, in UTC.
func LongestPause(crons []string) (time.Duration, error) {
	var all []cron.Schedule
	for _, c := range crons {
		// The library accepts more than GitHub does: @hourly, and TZ=, with which it also
		// panics unless exactly a space follows (robfig/cron#554, open).
		fields := strings.Fields(c)
		if len(fields) != 5 || strings.Contains(fields[0], "=") {
			return 0, fmt.Errorf("cron %.60q: want five fields such as 17 */6 * * *", c)
		}
		s, err := cron.ParseStandard(strings.Join(fields, " "))
		if err != nil {
			return 0, fmt.Errorf("cron %.60q: %w", c, err)
		}
		all = append(all, s)
	}
	// Start in a leap year. 14400 runs are ten days of a schedule that runs every
	// minute; a schedule that varies over the year runs less often.
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
			return 0, fmt.Errorf("cron %.60q never runs", strings.Join(crons, ", "))
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

// span formats a duration as the configuration does: 1h, 2d, 1h30m.
func span(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return text.Duration(d.Round(time.Minute))
}

// sweepRuns checks that GitHub runs the schedule.
func sweepRuns(r *repo) finding {
	switch {
	case !r.previews():
		return notApplicable(noPreviews)
	case len(r.hub.sweeps) == 0:
		return notApplicable("no scheduled workflow sweeps")
	}
	var worst finding
	for _, file := range slices.Sorted(maps.Keys(r.hub.sweeps)) {
		if f := r.alive(file, r.hub.sweeps[file]); worst.state == "" || rank(f.state) > rank(worst.state) {
			worst = f
		}
	}
	return worst
}

func rank(s report.State) int {
	return slices.Index([]report.State{report.OK, report.Missing, report.Warned, report.Failed}, s)
}

func (r *repo) alive(file string, s scheduled) finding {
	enable := []string{"gh workflow enable " + quote(file), "gh workflow run " + quote(file)}
	switch {
	case notFound(s.workflow.err):
		return finding{report.Failed, file + " is unknown to GitHub", "a schedule runs only from the default branch", []string{"merge " + folder + "/" + file + " into " + r.hub.repository.Branch}}
	case s.workflow.err != nil:
		return unseen(s.workflow.err)
	case s.workflow.value.State != "active":
		return finding{report.Failed, file + " is " + s.workflow.value.State, "expired previews are not removed; GitHub disables schedules after 60 days without activity", enable}
	case s.runs.err != nil:
		return unseen(s.runs.err)
	case len(s.runs.value) == 0:
		return finding{report.Warned, file + " has no scheduled run yet", "", enable[1:]}
	}
	every := time.Hour
	for _, w := range r.workflows {
		if w.file == file {
			if e, err := LongestPause(w.crons); err == nil {
				every = e
			}
		}
	}
	// GitHub delays scheduled runs, and drops some under load.
	last, late := s.runs.value[0], r.Now().Sub(s.runs.value[0].Created)
	done := slices.IndexFunc(s.runs.value, func(r github.Run) bool { return r.Status == "completed" })
	switch {
	case late > 3*every+time.Hour:
		return finding{report.Warned, fmt.Sprintf("the last scheduled run of %s was %s ago, but it should run every %s", file, span(late), span(every)), "", enable}
	case done >= 0 && s.runs.value[done].Conclusion != "success":
		return finding{report.Warned, fmt.Sprintf("the last run of %s ended with %s", file, s.runs.value[done].Conclusion), s.runs.value[done].Link, []string{"gh run list --workflow " + quote(file)}}
	}
	return finding{state: report.OK, found: fmt.Sprintf("%s is active and ran %s ago", file, span(r.Now().Sub(last.Created)))}
}
