package report

import (
	"errors"
	"strings"
)

// Exit codes of every command.
const (
	ExitOK      = 0 // pass, warn or skip
	ExitVerdict = 1 // the verdict is fail
	ExitUsage   = 2 // a mistake in the workflow, the configuration or the arguments
	ExitFailure = 3 // no answer: a tool, a network or a permission
)

// UsageError is a mistake its reader can mend in a workflow, a configuration or
// on the command line. Any other error means "no answer".
type UsageError struct{ Problem string }

func (e *UsageError) Error() string { return e.Problem }

// Usage returns a UsageError.
func Usage(problem string) error { return &UsageError{problem} }

// ExitCode maps what a run returned to its exit code.
func ExitCode(r *Report, err error) int {
	var usage *UsageError
	switch {
	case errors.As(err, &usage):
		return ExitUsage
	case err != nil || r == nil:
		return ExitFailure
	}
	switch r.Verdict {
	case Pass, Warn, Skip:
		return ExitOK
	case Fail:
		return ExitVerdict
	}
	return ExitFailure // no verdict is no answer
}

// Causes splits a joined error into what a reader should see one by one. An
// error that says something of its own about several causes stays whole.
func Causes(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var said []string
	for _, e := range joined.Unwrap() {
		all = append(all, Causes(e)...)
		said = append(said, e.Error())
	}
	if err.Error() != strings.Join(said, "\n") {
		return []error{err}
	}
	return all
}

// ErrorText renders an error for a log: escaped, with its line breaks kept.
func ErrorText(err error) string {
	all := strings.Split(err.Error(), "\n")
	for i, line := range all {
		all[i] = logLine(line)
	}
	return strings.Join(all, "\n")
}
