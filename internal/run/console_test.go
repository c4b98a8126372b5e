package run

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// terminal is a screen whose width the test changes.
func terminal(columns *int, colour bool) report.Screen {
	return report.Screen{Columns: func() int { return *columns }, Colour: colour}
}

func TestConsoleTerminal(t *testing.T) {
	var out bytes.Buffer
	columns := 80
	c := NewConsole(&out, terminal(&columns, false))
	c.Start("test")
	c.Say("unit\x1b[31m")
	c.Done(Outcome{Stage: "test", Verdict: report.Fail, Title: "1 of 2 checks failed"})
	c.Done(Outcome{Stage: "package", Error: "crashed"})
	c.Close()
	c.Close()
	for _, want := range []string{"✗ test", "1 of 2 checks failed", "? package", "could not complete"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, &out)
		}
	}
	if strings.Contains(out.String(), "\x1b[31m") {
		t.Error("a colour of the repository reaches the terminal")
	}
}

// TestConsoleWidth proves NEWCOMER 15: no line is wider than the terminal, and none breaks
// inside a word.
func TestConsoleWidth(t *testing.T) {
	const title = "production 2026.11.28-7 passed its soak: 60 samples in 60.0 s, 界界界 availability 100.00 %, errors 0.00 %, p95 12 ms"
	for _, columns := range []int{20, 40, 80, 100, 200} {
		var out bytes.Buffer
		c := NewConsole(&out, terminal(&columns, true))
		c.Plan("shop · 1234567", []string{"validate", "test", "package", "security-gate", "preview", "production"}, []string{"commit    " + title})
		c.Start("soak")
		c.Say(title)
		c.mu.Lock()
		c.draw(c.began.Add(time.Hour))
		if c.drawn >= columns {
			t.Errorf("the active stage takes %d of %d columns", c.drawn, columns)
		}
		c.mu.Unlock()
		c.Done(Outcome{Stage: "soak", Verdict: report.Pass, Title: title, Seconds: 60})
		c.Close()
		for line := range strings.Lines(out.String()) {
			if i := strings.LastIndexAny(line, "\rJ"); strings.Contains(line, "\x1b[J") {
				line = line[i+1:]
			}
			if n := report.Cells(strings.TrimRight(line, "\n")); n > columns && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%d of %d columns: %q", n, columns, line)
			}
		}
		words := strings.Fields(out.String())
		for _, word := range strings.Fields(title) {
			found := false
			for _, w := range words {
				found = found || w == word
			}
			if !found {
				t.Errorf("%d columns: the word %q is broken in %q", columns, word, &out)
			}
		}
	}
}

// TestConsoleResized: the line of the active stage is removed whole, also if the terminal
// has become narrower and shows the line in several rows.
func TestConsoleResized(t *testing.T) {
	var out bytes.Buffer
	columns := 100
	c := NewConsole(&out, terminal(&columns, false))
	defer c.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stage, c.what = "soak", strings.Repeat("x", 200)
	c.draw(c.began)
	columns = 40
	out.Reset()
	c.draw(c.began)
	if want := "\r\x1b[2A\x1b[J"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q does not begin with %q", &out, want)
	}
}

// TestConsoleColour proves NEWCOMER 15: the marks have colours where the screen shows any.
func TestConsoleColour(t *testing.T) {
	for _, colour := range []bool{true, false} {
		var out bytes.Buffer
		c := NewConsole(&out, report.Screen{Colour: colour})
		c.Done(Outcome{Stage: "test", Verdict: report.Fail})
		c.Close()
		if got := strings.Contains(out.String(), "\x1b[31m✗\x1b[0m test"); got != colour {
			t.Errorf("colour %v: %q", colour, &out)
		}
	}
}
