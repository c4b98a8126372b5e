package report

import (
	"errors"
	"strings"
)

// Exit codes of every command.
const (
	ExitOK      = 0 // pass, warn or skip
	ExitVerdict = 1 // the verdict is fail
	ExitUsage   = 2 // the workflow, the configuration or the arguments are invalid
	ExitFailure = 3 // no result: a tool, the network or a permission failed
)

// UsageError is a mistake that its reader can fix in a workflow, a configuration or on the
// command line. Any other error means that there is no result.
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
		switch r.Reason {
		case ReasonInvalidInput: // a stage of a longer run found it
			return ExitUsage
		case ReasonDockerMissing: // the commit is not judged
			return ExitFailure
		}
		return ExitVerdict
	}
	return ExitFailure // no verdict, no result
}

// Causes splits a joined error into its parts. An error that adds text of its own to
// several causes stays whole.
func Causes(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, e := range joined.Unwrap() {
		all = append(all, Causes(e)...)
		texts = append(texts, e.Error())
	}
	if err.Error() != strings.Join(texts, "\n") {
		return []error{err}
	}
	return all
}

// ErrorText renders an error for a log. It escapes each line and keeps the line breaks.
func ErrorText(err error) string {
	all := strings.Split(err.Error(), "\n")
	for i, line := range all {
		all[i] = LogLine(line)
	}
	return strings.Join(all, "\n")
}
