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

// running is held while trivy runs. It logs through slog's default logger, and
// only the log says which file it could not parse: the result lacks it in silence.
var running sync.Mutex

// listen makes a journal the default logger until it is stopped. Whoever else
// logs meanwhile is heard by the logger there was, unless that is the one trivy
// installs at the start of the process: it keeps everything forever, and is not
// safe for use by several goroutines.
func listen() *journal {
	before := slog.Default()
	if _, ok := before.Handler().(*log.DeferredHandler); ok {
		before = slog.New(slog.DiscardHandler)
	}
	j := &journal{Handler: before.Handler(), records: &records{}, before: before}
	slog.SetDefault(slog.New(j))
	return j
}

func (j *journal) stop() { slog.SetDefault(j.before) }

// journal is a handler that keeps what trivy warns of.
type journal struct {
	slog.Handler // of all others
	*records
	before *slog.Logger
	trivy  bool
}

type records struct {
	mu   sync.Mutex
	said []said
}

// said is one message, the file it is about, and the reason.
type said struct{ message, file, err string }

func (j *journal) Enabled(ctx context.Context, l slog.Level) bool {
	if j.trivy {
		return l >= slog.LevelWarn
	}
	return j.Handler.Enabled(ctx, l)
}

// WithAttrs tells the loggers of trivy by the prefix each has.
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
	s := said{message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case log.FilePath("").Key:
			s.file = a.Value.String()
		case "loc":
			s.file = a.Value.String()
		case log.Err(nil).Key:
			s.err = a.Value.String()
		}
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Contains(j.said, s) {
		j.said = append(j.said, s)
	}
	return nil
}

// drain returns what was said and forgets it.
func (j *journal) drain() []said {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.said
	j.said = nil
	return all
}

// heard is what the log says of one kind of file.
type heard struct {
	gaps      []gate.Gap // each file once
	unread    int        // files and charts that were not checked
	elsewhere int        // modules of Terraform that are not in the repository
}

// take reads the journal and empties it.
func (j *journal) take() (h heard) {
	for _, s := range j.drain() {
		g := gate.Gap{What: s.file, Why: oneLine(s.err), Remedy: "repair the file: its checks did not run"}
		unread := 1
		switch s.message {
		case "Failed to load module. Maybe try 'terraform init'?":
			h.elsewhere++
			continue
		case "Variable values were not found in the environment or variable files. Evaluating may not work correctly.":
			continue // expressions with them are unknown, and the checks allow for it
		case "Skipping chart":
			g.What = "Helm chart " + s.file
			g.Remedy = "repair the chart, or commit what it depends on (helm dependency build)"
		case "Failed to parse file", "Error parsing file", "Encountered HCL parse error":
		default:
			g.What = cmp.Or(s.file, "some checks")
			g.Why = oneLine(s.message + " " + s.err)
			unread = 0
		}
		if !slices.ContainsFunc(h.gaps, func(o gate.Gap) bool { return o.What == g.What }) {
			h.gaps = append(h.gaps, g)
			h.unread += unread
		}
	}
	return h
}
