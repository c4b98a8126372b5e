package run

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Console is the Progress of a command line: a line for each stage and, on a terminal,
// the active stage with its elapsed time.
type Console struct {
	out      io.Writer
	terminal bool
	mu       sync.Mutex
	stage    string // active; "": none
	what     string
	since    time.Time
	stop     chan struct{}
	stopped  sync.Once
}

// maxLine is the length of the line of the active stage, in runes.
const maxLine = 100

// NewConsole returns a console that writes to out. Close it before out is used for
// anything else.
func NewConsole(out io.Writer, terminal bool) *Console {
	c := &Console{out: out, terminal: terminal, stop: make(chan struct{})}
	if terminal {
		go c.tick()
	}
	return c
}

func (c *Console) tick() {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-t.C:
			c.mu.Lock()
			if c.stage != "" {
				line := []rune(fmt.Sprintf("  … %-14s %5.1f s  %s", c.stage, time.Since(c.since).Seconds(), c.what))
				fmt.Fprintf(c.out, "\r\x1b[2K%s", string(line[:min(len(line), maxLine)]))
			}
			c.mu.Unlock()
		}
	}
}

func (c *Console) clear() {
	if c.terminal {
		fmt.Fprint(c.out, "\r\x1b[2K")
	}
}

// Plan prints what will run.
func (c *Console) Plan(subject string, stages, notes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, "goldenpath run · %s\n", report.LogLine(subject))
	fmt.Fprintf(c.out, "  plan      %s\n", strings.Join(stages, " → "))
	for _, n := range notes {
		fmt.Fprintln(c.out, "  "+report.LogLine(n))
	}
}

// Start makes a stage the active one.
func (c *Console) Start(stage string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stage, c.what, c.since = stage, "", time.Now()
}

// Say shows what the active stage does.
func (c *Console) Say(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.what = report.LogLine(what)
	if !c.terminal {
		fmt.Fprintf(c.out, "    %-14s %s\n", c.stage, c.what)
	}
}

// Done prints the outcome of a stage.
func (c *Console) Done(o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	c.stage = ""
	mark, what := map[report.Verdict]string{report.Pass: "✓", report.Warn: "!", report.Fail: "✗", report.Skip: "–"}[o.Verdict], o.Title
	if o.Error != "" {
		mark, what = "?", "could not complete"
	}
	if o.Resumed {
		what += " (done before)"
	}
	fmt.Fprintf(c.out, "  %s %-14s %6.1f s  %s\n", mark, o.Stage, o.Seconds, report.LogLine(what))
}

// Close stops the display. It may be called again.
func (c *Console) Close() {
	c.stopped.Do(func() {
		close(c.stop)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.clear()
		c.stage = ""
	})
}
