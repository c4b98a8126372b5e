package run

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

func TestConsoleTerminal(t *testing.T) {
	var out bytes.Buffer
	c := NewConsole(&out, true)
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
