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
// the active stage with its elapsed time and that of the whole run.
type Console struct {
	out     io.Writer
	screen  report.Screen
	mu      sync.Mutex
	stage   string // active; "": none
	what    string
	since   time.Time // of the active stage
	began   time.Time // of the run
	drawn   int       // columns of the line of the active stage; 0: it is not shown
	stop    chan struct{}
	stopped sync.Once
}

// NewConsole returns a console that writes to out. Close it before out is used for
// anything else.
func NewConsole(out io.Writer, screen report.Screen) *Console {
	c := &Console{out: out, screen: screen, began: time.Now(), stop: make(chan struct{})}
	if screen.Terminal() {
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
			c.draw(time.Now())
			c.mu.Unlock()
		}
	}
}

// draw replaces the line of the active stage. Its last column stays free, because some
// terminals wrap a line that fills the last column.
func (c *Console) draw(now time.Time) {
	if c.stage == "" {
		return
	}
	total := ""
	if since := now.Sub(c.began).Seconds(); since > now.Sub(c.since).Seconds()+1 {
		total = "  total " + report.Duration(since)
	}
	room := c.screen.Width() - 1
	line := fmt.Sprintf("  … %-14s %6.1f s  %s", c.stage, now.Sub(c.since).Seconds(), c.what)
	if room > 2*report.Cells(total) {
		line = report.Fit(line, room-report.Cells(total))
		line += strings.Repeat(" ", room-report.Cells(line)-report.Cells(total)) + c.screen.Paint(report.Dim, total)
	}
	line = report.Fit(line, room)
	c.clear()
	fmt.Fprint(c.out, line)
	c.drawn = report.Cells(line)
}

// clear removes the line of the active stage, which takes several rows if the terminal is
// narrower than when the line was drawn.
func (c *Console) clear() {
	if !c.screen.Terminal() {
		return
	}
	up := ""
	if rows := (c.drawn - 1) / c.screen.Width(); c.drawn > 0 && rows > 0 {
		up = fmt.Sprintf("\x1b[%dA", rows)
	}
	c.drawn = 0
	fmt.Fprint(c.out, "\r"+up+"\x1b[J")
}

// Plan prints what will run.
func (c *Console) Plan(subject string, stages, notes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line("goldenpath run · "+report.LogLine(subject), 2)
	c.line("  plan      "+strings.Join(stages, " → "), 12)
	for _, n := range notes {
		c.line("  "+report.LogLine(n), 12)
	}
}

func (c *Console) line(text string, indent int) { fmt.Fprintln(c.out, c.screen.Wrap(text, indent)) }

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
	if !c.screen.Terminal() {
		c.line(fmt.Sprintf("    %-14s %s", c.stage, c.what), 19)
	}
}

// Done prints the outcome of a stage.
func (c *Console) Done(o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	c.stage = ""
	state, what := report.State(o.Verdict), o.Title
	if o.Error != "" {
		state, what = report.Missing, "could not complete"
	}
	if o.Resumed {
		what += " (done before)"
	}
	took := c.screen.Paint(report.Dim, fmt.Sprintf("%6.1f s", o.Seconds))
	c.line(fmt.Sprintf("  %s %-14s %s  %s", c.screen.Mark(state), o.Stage, took, report.LogLine(what)), 29)
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
