package preview

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// addEvent adds an entry to the history of a preview.
func (d Deps) addEvent(ctx context.Context, tx *ledger.Tx, r record, event string, v report.Verdict, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	at := ledger.Target{}
	if d.Target != nil { // else the run that deployed it has recorded the target
		p, _ := d.Target.Place(r.environment()) // if the place is not known, its kind is
		at = ledger.Target{Kind: p.Kind, Place: report.LogLine(p.Name)}
	}
	_, err = tx.Record(ctx, ledger.Entry{
		Kind: ledger.KindPreview, App: r.App, Environment: r.environment(), Target: at, Commit: r.Commit, Digest: r.Digest, PlatformDigest: r.Platform,
		By: d.By, Verdict: string(v), Reason: event, Data: b,
	})
	return err
}

// ended is the data of a history entry about a removed preview.
type ended struct {
	URL     string    `json:"url,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended"`
	Cost    float64   `json:"cost"`
	Why     string    `json:"why,omitempty"`
}

// closeRecord books the cost of a preview and deletes its record. It does nothing if
// there is no record, or if expected is not nil and another run has taken over since
// that record was read.
func (d Deps) closeRecord(ctx context.Context, name, why string, now time.Time, expected *record) (e ended, found bool, err error) {
	err = d.Ledger.Update(ctx, "preview "+prefix+name+": "+why, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := readRecord(ctx, tx, name)
		if found = err == nil && (expected == nil || r.same(*expected)); !found {
			if errors.Is(err, ledger.ErrNone) {
				err = nil
			}
			return err
		}
		e = ended{URL: r.URL, Owner: r.Owner, Created: r.Created, Ended: now, Why: why}
		if e.Cost, err = budget.Book(ctx, tx, r.priced(), now); err != nil {
			return err
		}
		tx.Delete(recordPath(name))
		return d.addEvent(ctx, tx, r, "removed", report.Pass, e)
	})
	return e, found, err
}
