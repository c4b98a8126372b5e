package path

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/run"
)

// progress tells a person how the walk goes: a line for each stage and, on a
// terminal, what is under way with its elapsed time.
type progress struct {
	out      io.Writer
	terminal bool
	mu       sync.Mutex
	stage    string
	what     string
	since    time.Time
	stop     chan struct{}
	stopped  sync.Once
}

func newProgress(env *command.Env) *progress {
	p := &progress{out: env.Stderr, terminal: env.Terminal, stop: make(chan struct{})}
	if p.terminal {
		go p.tick()
	}
	return p
}

func (p *progress) tick() {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			if p.stage != "" {
				line := fmt.Sprintf("  … %-14s %5.1f s  %s", p.stage, time.Since(p.since).Seconds(), p.what)
				fmt.Fprintf(p.out, "\r\x1b[2K%s", cutRunes(line, 100))
			}
			p.mu.Unlock()
		}
	}
}

func cutRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}

func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[2K")
	}
}

// Plan implements run.Progress.
func (p *progress) Plan(subject string, stages, notes []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "goldenpath run · %s\n", report.LogLine(subject))
	fmt.Fprintf(p.out, "  plan      %s\n", strings.Join(stages, " → "))
	for _, n := range notes {
		fmt.Fprintln(p.out, "  "+report.LogLine(n))
	}
}

// Start implements run.Progress.
func (p *progress) Start(stage string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage, p.what, p.since = stage, "", time.Now()
}

// Say implements run.Progress.
func (p *progress) Say(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what = report.LogLine(what)
	if !p.terminal {
		fmt.Fprintf(p.out, "    %-14s %s\n", p.stage, p.what)
	}
}

// Done implements run.Progress.
func (p *progress) Done(o run.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.stage = ""
	mark, what := map[report.Verdict]string{report.Pass: "✓", report.Warn: "!", report.Fail: "✗", report.Skip: "–"}[o.Verdict], o.Title
	if o.Error != "" {
		mark, what = "?", "no answer"
	}
	if o.Resumed {
		what += " (done before)"
	}
	fmt.Fprintf(p.out, "  %s %-14s %6.1f s  %s\n", mark, o.Stage, o.Seconds, report.LogLine(what))
}

func (p *progress) close() {
	p.stopped.Do(func() {
		close(p.stop)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.clear()
		p.stage = ""
	})
}
