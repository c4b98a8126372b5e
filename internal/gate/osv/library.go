package osv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/google/osv-scanner/v2/pkg/osvscanner"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// library is locked while osv-scanner runs. osv-scanner and osv-scalibr log through
// package variables, and only the log names the files that could not be read and the
// advisories that could not be loaded.
var library sync.Mutex

// doScan runs the library and returns the errors that the library logged. The library
// has no deadline: after ctx ends, the library continues in the background and its
// result is ignored.
func doScan(ctx context.Context, a osvscanner.ScannerActions) (models.VulnerabilityResults, []string, error) {
	type outcome struct {
		found models.VulnerabilityResults
		said  []string
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		library.Lock()
		defer library.Unlock()
		var got outcome
		defer func() { done <- got }()
		defer func() {
			if p := recover(); p != nil {
				got.err = fmt.Errorf("osv-scanner panicked: %v", p)
			}
		}()
		log := &journal{}
		osvscanner.SetLogger(log)
		defer osvscanner.SetLogger(slog.DiscardHandler)
		got.found, got.err = osvscanner.DoScan(a)
		got.said = log.errors()
	}()
	select {
	case <-ctx.Done():
		return models.VulnerabilityResults{}, nil, ctx.Err()
	case got := <-done:
		if err := ctx.Err(); err != nil {
			return models.VulnerabilityResults{}, nil, err
		}
		return got.found, got.said, got.err
	}
}

// journal collects logged errors. It prints nothing.
type journal struct {
	mu   sync.Mutex
	said []string
}

func (j *journal) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler           { return j }
func (j *journal) WithGroup(string) slog.Handler                { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelError {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.said = append(j.said, r.Message)
	return nil
}

func (j *journal) errors() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	slices.Sort(j.said)
	return slices.Compact(j.said)
}

// extraction matches the log message about an extractor that reported an error.
var extraction = regexp.MustCompile(`(?s)^Error during extraction: \(extracting as ([^)]*)\) (.*)$`)

// unread turns logged errors into gaps. A failure to match packages is an error.
func (s *stage) unread(said []string) ([]gate.Gap, error) {
	var gaps []gate.Gap
	files := strings.Builder{} // messages about a file are not repeated
	for _, msg := range said {
		m := extraction.FindStringSubmatch(msg)
		if m == nil {
			continue
		}
		if strings.HasPrefix(m[1], "vulnmatch/") {
			return nil, errors.New(s.plain(m[2]))
		}
		files.WriteString(m[2])
		before := len(gaps)
		for line := range strings.Lines(m[2]) {
			name, why, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if name, ok := s.original(name); ok {
				gaps = append(gaps, gate.Gap{What: name, Why: "the file cannot be read as " + m[1] + ": " + s.plain(why),
					Remedy: "repair the file, or remove it"})
			}
		}
		if len(gaps) == before {
			gaps = append(gaps, gate.Gap{What: "everything that " + m[1] + " reads", Why: s.plain(m[2]), Remedy: "fix what the message names"})
		}
	}
	for _, msg := range said {
		switch {
		case extraction.MatchString(msg), strings.Contains(files.String(), msg):
		default:
			gaps = append(gaps, gate.Gap{What: "some dependencies", Why: s.plain(msg),
				Remedy: "fix what the message names; the dependencies behind it were not looked up"})
		}
	}
	return slices.Compact(gaps), nil // said is sorted
}

// oneLine returns the text in one line of at most 300 characters.
func oneLine(s string) string { return text.OneLine(s, 300) }
