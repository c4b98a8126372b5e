// Command junit runs go test and writes its results as JUnit XML:
//
//	go run ./internal/junit -o reports/unit.xml -- -count=1 ./...
//
// Arguments after -- are passed to go test. The exit code is that of go test.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	out := flag.String("o", "junit.xml", "`file` to write")
	flag.Parse()
	test := exec.Command("go", append([]string{"test", "-json"}, flag.Args()...)...)
	test.Stderr = os.Stderr
	code, err := run(test, *out, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "junit:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run writes the report even if tests fail, and returns the exit code of the command.
func run(test *exec.Cmd, out string, log io.Writer) (code int, err error) {
	events, err := test.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := test.Start(); err != nil {
		return 0, err
	}
	report, readErr := collect(events, log)
	if readErr != nil {
		io.Copy(log, events) // so that the command can exit
	}
	var failed *exec.ExitError
	if err := test.Wait(); errors.As(err, &failed) {
		code = max(failed.ExitCode(), 1) // -1 after a signal
	} else if err != nil {
		return 0, err
	}
	return code, errors.Join(readErr, write(out, report))
}

func write(path string, r *report) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	content, err := r.xml()
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
