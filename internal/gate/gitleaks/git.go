package gitleaks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// run starts the command, lets read consume its output, and waits for it.
func run(cmd *exec.Cmd, read func(io.Reader) error) error {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	name := "git " + cmd.Args[5] // after -C dir -c key=value
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	readErr := read(out)
	if readErr != nil {
		_ = cmd.Process.Kill()
	}
	err = cmd.Wait()
	switch {
	case readErr != nil:
		return fmt.Errorf("read %s: %w", name, readErr)
	case err != nil:
		said := strings.Join(strings.Fields(stderr.String()), " ")
		return fmt.Errorf("run %s: %w: %.300s", name, err, said)
	case stderr.Len() > 0:
		return errors.New("run " + name + ": " + strings.Join(strings.Fields(stderr.String()), " "))
	}
	return nil
}

func output(cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	err := run(cmd, func(r io.Reader) error {
		_, err := io.Copy(&out, r)
		return err
	})
	return out.String(), err
}
