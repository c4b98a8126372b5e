package comment

import (
	"context"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// The seed of a preview runs in a job without credentials, and the job after it may write
// neither the ledger nor the cluster. What it may write is the comment, so the comment is
// where the next deployment of the preview finds that the seed ran.

// Prepared records in the comment of the pull request that the seed of a generation ran. If
// another generation has been deployed since, nothing is recorded.
func (p Previews) Prepared(ctx context.Context, name string, number int, generation string, now time.Time) (*report.Report, error) {
	r := &report.Report{Name: "preview-prepared", Subject: name, Started: now.UTC()}
	recorded := false
	done, err := write(ctx, p.Hub, number, func(old string) string {
		d := parse(old)
		s, found := d.find(p.section())
		if recorded = found && s.valid && s.marker.Trusted && s.marker.Generation == generation; !recorded {
			return ""
		}
		s.marker.Seeded = true
		d.replace(s)
		return d.render()
	})
	c := report.Check{Name: "data", State: report.OK, Link: done.Link}
	switch {
	case err != nil:
		return nil, err
	case !done.Done:
		conclude(r, report.Warn, report.ReasonCommentIncomplete, "it was not recorded that the seed ran, so the next deployment runs it again: "+done.Why)
		c.State = report.Warned
	case recorded:
		conclude(r, report.Pass, report.ReasonPrepared, "recorded for "+name+": seed")
	default:
		conclude(r, report.Skip, report.ReasonSuperseded, name+" has been deployed again or removed: nothing was recorded")
		c.State = report.Skipped
	}
	c.Result = r.Title
	r.Checks = append(r.Checks, c)
	return r, nil
}

// Seeded returns the generation of a preview whose seed ran, or "" if none is known.
func (p Previews) Seeded(ctx context.Context, number int) (generation string, err error) {
	if p.Hub == nil || number == 0 {
		return "", nil
	}
	var done github.Outcome
	done, err = write(ctx, p.Hub, number, func(old string) string {
		d := parse(old)
		if s, found := d.find(p.section()); found && s.valid && s.marker.Trusted && s.marker.Seeded {
			generation = s.marker.Generation
		}
		return ""
	})
	if err != nil || !done.Done {
		return "", err
	}
	return generation, nil
}
