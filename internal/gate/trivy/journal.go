package trivy

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/aquasecurity/trivy/pkg/log"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// running is locked while trivy runs. trivy logs to slog's default logger, and a file
// that it could not parse is reported only in the log, not in the result.
var running sync.Mutex

// Listen makes a journal the default logger until Stop is called. Records of other
// packages are passed to the previous logger, unless that is the one that trivy
// installs when the process starts: that logger keeps every record and is not safe for
// concurrent use.
func Listen() *Journal {
	running.Lock()
	before := slog.Default()
	if _, ok := before.Handler().(*log.DeferredHandler); ok {
		before = slog.New(slog.DiscardHandler)
	}
	j := &Journal{Handler: before.Handler(), records: &records{}, before: before}
	slog.SetDefault(slog.New(j))
	return j
}

// Stop restores the previous logger, and lets the next Listen proceed.
func (j *Journal) Stop() {
	slog.SetDefault(j.before)
	running.Unlock()
}

// Journal is a handler that keeps trivy's warnings.
type Journal struct {
	slog.Handler // for all other packages
	*records
	before *slog.Logger
	trivy  bool
}

type records struct {
	mu      sync.Mutex
	entries []Entry
}

// Entry is one warning: its message, the file it concerns, and the error.
type Entry struct{ Message, File, Err string }

func (j *Journal) Enabled(ctx context.Context, l slog.Level) bool {
	if j.trivy {
		return l >= slog.LevelWarn
	}
	return j.Handler.Enabled(ctx, l)
}

// WithAttrs recognizes trivy's loggers by the attribute "prefix".
func (j *Journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	k := *j
	k.trivy = j.trivy || slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == log.Prefix("").Key })
	k.Handler = j.Handler.WithAttrs(attrs)
	return &k
}

func (j *Journal) WithGroup(name string) slog.Handler {
	k := *j
	k.Handler = j.Handler.WithGroup(name)
	return &k
}

func (j *Journal) Handle(ctx context.Context, r slog.Record) error {
	if !j.trivy {
		return j.Handler.Handle(ctx, r)
	}
	s := Entry{Message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case log.FilePath("").Key:
			s.File = a.Value.String()
		case "loc":
			s.File = a.Value.String()
		case log.Err(nil).Key:
			s.Err = a.Value.String()
		}
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Contains(j.entries, s) {
		j.entries = append(j.entries, s)
	}
	return nil
}

// Drain returns the entries and removes them.
func (j *Journal) Drain() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.entries
	j.entries = nil
	return all
}

// logged summarizes the entries.
type logged struct {
	gaps      []gate.Gap // each file once
	unread    int        // files and charts that were not checked
	elsewhere int        // Terraform modules that are not in the repository
}

// take summarizes the entries and removes them.
func (j *Journal) take() (h logged) {
	for _, s := range j.Drain() {
		g := gate.Gap{What: s.File, Why: oneLine(s.Err), Remedy: "correct the file: its checks did not run"}
		unread := 1
		switch s.Message {
		case "Failed to load module. Maybe try 'terraform init'?":
			h.elsewhere++
			continue
		case "Variable values were not found in the environment or variable files. Evaluating may not work correctly.":
			continue // the value of such expressions is unknown, which the checks handle
		case "Skipping chart":
			g.What = "Helm chart " + s.File
			g.Remedy = "correct the chart, or commit its dependencies (helm dependency build)"
		case "Failed to parse file", "Error parsing file", "Encountered HCL parse error":
		default:
			g.What = cmp.Or(s.File, "some checks")
			g.Why = oneLine(s.Message + " " + s.Err)
			unread = 0
		}
		if !slices.ContainsFunc(h.gaps, func(o gate.Gap) bool { return o.What == g.What }) {
			h.gaps = append(h.gaps, g)
			h.unread += unread
		}
	}
	return h
}
