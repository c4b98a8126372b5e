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
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// The phases of a record.
const (
	raising = "raising" // promised; perhaps half there
	ready   = "ready"
	failed  = "failed" // it did not become ready, and something may be there
)

const recordSchema = "goldenpath.preview/v1"

// record is what the ledger knows of a preview that may be there: one file below
// previews/, from before it is made until after it is removed.
type record struct {
	Schema      string    `json:"schema"`
	Name        string    `json:"name"`
	App         string    `json:"app"`
	Repository  string    `json:"repository,omitempty"`
	PullRequest int       `json:"pull_request,omitempty"`
	Owner       string    `json:"owner,omitempty"`
	Commit      string    `json:"commit"`
	Digest      string    `json:"digest"`
	Platform    string    `json:"platform_digest,omitempty"`
	URL         string    `json:"url,omitempty"`
	Phase       string    `json:"phase"`
	Lease       int       `json:"lease"` // counts calls of up: the last one decides
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"` // when up was called last
	Due         time.Time `json:"due"`     // the end of its ttl
	Expires     time.Time `json:"expires"` // as Due, or later where a label asks for it
	Pinned      bool      `json:"pinned,omitempty"`
	Done        prepared  `json:"done"`
	Costs       []cost    `json:"costs,omitempty"` // what it has cost from when on

	gone bool // it is about to be removed
}

// cost is a price of an hour, from a moment on.
type cost struct {
	From    time.Time `json:"from"`
	PerHour float64   `json:"per_hour"`
}

func (r record) environment() string { return prefix + r.Name }

// same reports whether no run has taken the preview over since o was read. After a
// removal leases begin anew, so the lease alone does not say.
func (r record) same(o record) bool { return r.Lease == o.Lease && r.Created.Equal(o.Created) }

// perHour is what it costs now.
func (r record) perHour() float64 {
	if len(r.Costs) == 0 {
		return 0
	}
	return r.Costs[len(r.Costs)-1].PerHour
}

// charge makes another price count from a moment on.
func (r *record) charge(from time.Time, perHour float64) {
	if len(r.Costs) == 0 || r.perHour() != perHour {
		r.Costs = append(r.Costs, cost{from, perHour})
	}
}

func recordPath(name string) string { return path.Join("previews", name+".json") }

// readRecord returns the record of a preview, or ledger.ErrNone.
func readRecord(ctx context.Context, tx *ledger.Tx, name string) (record, error) {
	b, err := tx.Read(ctx, recordPath(name))
	if err != nil {
		return record{}, err
	}
	return parseRecord(recordPath(name), b)
}

func parseRecord(name string, b []byte) (record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("read %s:%s: %w: somebody changed it by hand; git revert that commit on the branch", ledger.Branch, name, err)
	}
	if r.Schema != recordSchema || recordPath(r.Name) != name {
		return r, fmt.Errorf("read %s:%s: it is no record of preview %s: somebody changed it by hand; git revert that commit on the branch", ledger.Branch, name, path.Base(name))
	}
	return r, nil
}

// readRecords returns all records, the least lately used first.
func readRecords(ctx context.Context, tx *ledger.Tx) ([]record, error) {
	files, err := tx.ReadBelow(ctx, "previews")
	if err != nil {
		return nil, err
	}
	var all []record
	for name, b := range files {
		r, err := parseRecord(name, b)
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

// event adds what happened to the history of the preview.
func (d Deps) event(ctx context.Context, tx *ledger.Tx, r record, reason string, v report.Verdict, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = tx.Record(ctx, ledger.Entry{
		Kind: ledger.KindPreview, App: r.App, Environment: r.environment(), Commit: r.Commit, Digest: r.Digest, PlatformDigest: r.Platform,
		By: d.By, Verdict: string(v), Reason: reason, Data: b,
	})
	return err
}

// life is what the ledger's history keeps of a preview that was removed.
type life struct {
	URL     string    `json:"url,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended"`
	Cost    float64   `json:"cost"`
	Why     string    `json:"why,omitempty"`
}

// closeRecord ends a record: what it cost is booked on the days it lived, and it
// is no more among those that are there. Nothing happens without a record, or when
// it is another one than held by now; a held that is nil is any.
func (d Deps) closeRecord(ctx context.Context, name, why string, now time.Time, held *record) (l life, found bool, err error) {
	err = d.Ledger.Update(ctx, "preview "+prefix+name+": "+why, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := readRecord(ctx, tx, name)
		if found = err == nil && (held == nil || r.same(*held)); !found {
			if errors.Is(err, ledger.ErrNone) {
				err = nil
			}
			return err
		}
		l = life{URL: r.URL, Owner: r.Owner, Created: r.Created, Ended: now, Why: why}
		if l.Cost, err = book(ctx, tx, r, now); err != nil {
			return err
		}
		tx.Delete(recordPath(name))
		return d.event(ctx, tx, r, "removed", report.Pass, l)
	})
	return l, found, err
}
