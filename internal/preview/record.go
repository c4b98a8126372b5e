package preview

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// The phases of a record.
const (
	deploying = "deploying" // reserved, perhaps partly deployed
	ready     = "ready"
	failed    = "failed" // not ready, but parts of it may exist
)

const recordSchema = "goldenpath.preview/v1"

// record is a preview in the ledger: the file previews/NAME.json. It is written before
// the deployment and deleted after the removal.
type record struct {
	Schema      string       `json:"schema"`
	Name        string       `json:"name"`
	App         string       `json:"app"`
	Repository  string       `json:"repository,omitempty"`
	PullRequest int          `json:"pull_request,omitempty"`
	Owner       string       `json:"owner,omitempty"`
	Commit      string       `json:"commit"`
	Digest      string       `json:"digest"`
	Platform    string       `json:"platform_digest,omitempty"`
	URL         string       `json:"url,omitempty"`
	Phase       string       `json:"phase"`
	Revision    int          `json:"revision"` // counts calls of Up; the latest call owns the record
	Created     time.Time    `json:"created"`
	Updated     time.Time    `json:"updated"` // latest call of Up
	Due         time.Time    `json:"due"`     // Updated and the TTL
	Expires     time.Time    `json:"expires"` // Due, or later if a label extends it
	Pinned      bool         `json:"pinned,omitempty"`
	Done        prepared     `json:"done"`
	Costs       budget.Costs `json:"costs,omitempty"`
}

func (r record) environment() string { return prefix + r.Name }

// same reports whether no other run has taken over the preview since the record o was
// read. It compares the time of creation too, because revisions begin at 1 again after a
// removal.
func (r record) same(o record) bool { return r.Revision == o.Revision && r.Created.Equal(o.Created) }

// priced returns the preview in the form that package budget uses.
func (r record) priced() budget.Preview {
	return budget.Preview{Name: r.Name, Owner: r.Owner, Created: r.Created, Updated: r.Updated, Expires: r.Expires, Costs: r.Costs}
}

func pricedAll(all []record) (out []budget.Preview) {
	for _, r := range all {
		out = append(out, r.priced())
	}
	return out
}

func recordPath(name string) string { return path.Join("previews", name+".json") }

// readRecord returns the record of a preview, or ledger.ErrNone.
func readRecord(ctx context.Context, tx *ledger.Tx, name string) (record, error) {
	b, err := tx.Read(ctx, recordPath(name))
	if err != nil {
		return record{}, err
	}
	return parseRecord(tx, recordPath(name), b)
}

func parseRecord(tx *ledger.Tx, name string, b []byte) (record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, tx.Damaged(name, err)
	}
	if r.Schema != recordSchema || recordPath(r.Name) != name {
		return r, tx.Damaged(name, errors.New("not a record of this preview"))
	}
	return r, nil
}

// readRecords returns all records, the least recently deployed first.
func readRecords(ctx context.Context, tx *ledger.Tx) ([]record, error) {
	files, err := tx.ReadBelow(ctx, "previews")
	if err != nil {
		return nil, err
	}
	var all []record
	for name, b := range files {
		r, err := parseRecord(tx, name, b)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b record) int { return cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.Name, b.Name)) })
	return all, nil
}

func writeRecord(tx *ledger.Tx, r record) error {
	r.Schema = recordSchema
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tx.Write(recordPath(r.Name), append(b, '\n'))
	return nil
}

// Errors for what another run may have done to the preview since this run reserved it.
var (
	errTakenOver = fmt.Errorf("this preview run was %w: a later run has taken over", target.ErrSuperseded)
	errRemoved   = fmt.Errorf("this preview run was %w: the preview was removed", target.ErrSuperseded)
)

// ownRecord returns the record if this call still owns the preview, else errTakenOver or
// errRemoved.
func (u *up) ownRecord(ctx context.Context, tx *ledger.Tx) (record, error) {
	r, err := readRecord(ctx, tx, u.o.Name)
	switch {
	case errors.Is(err, ledger.ErrNone):
		return r, errRemoved
	case err == nil && !r.same(u.record):
		return r, errTakenOver
	}
	return r, err
}

// updateRecord changes the record if this call still owns the preview, and adds an event
// to the preview's history.
func (u *up) updateRecord(ctx context.Context, event string, v report.Verdict, change func(*record)) error {
	return u.Ledger.Update(ctx, fmt.Sprintf("preview %s%s: %s", prefix, u.o.Name, event), func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.ownRecord(ctx, tx)
		if err != nil {
			return err
		}
		change(&r)
		if err := writeRecord(tx, r); err != nil {
			return err
		}
		return u.addEvent(ctx, tx, r, event, v, r)
	})
}
