package image

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/aquasecurity/trivy/pkg/log"

	"github.com/seed-b235b314/goldenpath/internal/gate/trivy"
)

// running is locked while trivy's detectors run. They log to slog's default logger, and
// a package that they could not compare is reported only in the log, not in the result.
var running sync.Mutex

// listen makes a journal the default logger until stop is called. Records of other
// packages are passed to the previous logger.
func listen() *journal {
	running.Lock()
	trivy.Quiet()
	before := slog.Default()
	j := &journal{Handler: before.Handler(), records: &records{}, before: before}
	slog.SetDefault(slog.New(j))
	return j
}

// stop restores the previous logger, and lets the next listen proceed.
func (j *journal) stop() {
	slog.SetDefault(j.before)
	running.Unlock()
}

// journal is a handler that keeps trivy's warnings.
type journal struct {
	slog.Handler // for all other packages
	*records
	before *slog.Logger
	trivy  bool
}

type records struct {
	mu      sync.Mutex
	entries []entry
}

// entry is one warning: its message, the file it concerns, and the error.
type entry struct{ Message, File, Err string }

func (j *journal) Enabled(ctx context.Context, l slog.Level) bool {
	if j.trivy {
		return l >= slog.LevelWarn
	}
	return j.Handler.Enabled(ctx, l)
}

// WithAttrs recognizes trivy's loggers by the attribute "prefix".
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	k := *j
	k.trivy = j.trivy || slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == log.Prefix("").Key })
	k.Handler = j.Handler.WithAttrs(attrs)
	return &k
}

func (j *journal) WithGroup(name string) slog.Handler {
	k := *j
	k.Handler = j.Handler.WithGroup(name)
	return &k
}

func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	if !j.trivy {
		return j.Handler.Handle(ctx, r)
	}
	s := entry{Message: r.Message}
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

// drain returns the entries and removes them.
func (j *journal) drain() []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.entries
	j.entries = nil
	return all
}
