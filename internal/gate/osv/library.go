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
)

// library is held while osv-scanner runs. It and the library below it log through
// package variables, and only the log says which files they could not read and
// which advisories they could not load: the result is then a silent 0.
var library sync.Mutex

// doScan runs the library, which knows no deadline, and returns the errors it
// logged. After a deadline it goes on unheard.
func doScan(ctx context.Context, a osvscanner.ScannerActions) (models.VulnerabilityResults, []string, error) {
	type answer struct {
		found models.VulnerabilityResults
		said  []string
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		library.Lock()
		defer library.Unlock()
		var got answer
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

// journal keeps what is logged as an error, and prints nothing.
type journal struct {
	mu   sync.Mutex
	said []string
}

func (j *journal) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler           { return j }
func (j *journal) WithGroup(string) slog.Handler                { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
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

// extraction is how the library logs a plugin that did not succeed.
var extraction = regexp.MustCompile(`(?s)^Error during extraction: \(extracting as ([^)]*)\) (.*)$`)

// unread turns logged errors into gaps. When it is the matching that failed there
// is no answer at all.
func (t tree) unread(said []string) ([]gate.Gap, error) {
	var gaps []gate.Gap
	for _, msg := range said {
		m := extraction.FindStringSubmatch(msg)
		switch {
		case m == nil && strings.HasPrefix(msg, "could not load db for"): // told again by the matching
		case m == nil:
			gaps = append(gaps, gate.Gap{What: "some dependencies", Why: oneLine(msg),
				Remedy: "repair what the message names: what is behind it was not looked up"})
		case strings.HasPrefix(m[1], "vulnmatch/"):
			return nil, errors.New(oneLine(m[2]))
		default:
			for line := range strings.Lines(m[2]) {
				name, why, _ := strings.Cut(strings.TrimSpace(line), ": ")
				rel, ok := t.relative(name)
				if name == "" || !ok {
					continue
				}
				gaps = append(gaps, gate.Gap{What: rel, Why: "it cannot be read as " + m[1] + ": " + oneLine(why),
					Remedy: "repair the file, or remove it"})
			}
		}
	}
	return gaps, nil
}

// oneLine is the text in one line of at most 300 characters.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:299]) + "…"
	}
	return s
}
