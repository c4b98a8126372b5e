package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/report.xml")

// testdata/events.json is the output of go test -json for packages that pass, fail, do not build, have no tests and exit early.
func TestRun(t *testing.T) {
	out, log := filepath.Join(t.TempDir(), "reports", "unit.xml"), &bytes.Buffer{}
	code, err := run(exec.Command("sh", "-c", "cat testdata/events.json; exit 3"), out, log)
	if code != 3 || err != nil {
		t.Errorf("got %d, %v, want the exit code of the command", code, err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/report.xml", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/report.xml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, want := range []string{"ok  \texample.com/shop/good", `got <1> & ` + "\x01" + ` want "2"`, "undefined: x"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %q\n%s", want, log)
		}
	}
}

func TestRunFails(t *testing.T) {
	tests := map[string]struct {
		command *exec.Cmd
		want    string
	}{
		"no such command":  {exec.Command("no-such-command"), "no-such-command"},
		"no events at all": {exec.Command("sh", "-c", "echo no JSON"), "read events of go test"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := run(tt.command, filepath.Join(t.TempDir(), "unit.xml"), &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
