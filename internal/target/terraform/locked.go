package terraform

import (
	"fmt"
	"regexp"
	"strings"
)

// Locked says that somebody else works on an environment's state. A lock is never
// broken here: who holds it is told by user and machine only, from which nothing
// proves that the run has ended. The lock of a local state ends with its process;
// that of a bucket or a cluster stays when a run is killed hard.
type Locked struct {
	Workspace string
	ID        string // of the lock
	Who       string // user@machine
	Operation string // OperationTypeApply…
	Created   string // since when
	Remedy    string // the command that breaks it
}

func (l *Locked) Error() string {
	return fmt.Sprintf("%s: its state is locked by %s since %s (%s, lock %s): wait until that run ends; when it is certainly dead: %s",
		place(l.Workspace), or(l.Who, "somebody"), or(l.Created, "an unknown time"), or(l.Operation, "unknown operation"), or(l.ID, "unknown"), l.Remedy)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// lockID is one that can stand in a command line.
var lockID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// readLock reads Terraform's message about a lock; nil when it is about something
// else.
func readLock(text string) *Locked {
	if !strings.Contains(text, "Error acquiring the state lock") && !strings.Contains(text, "Error locking state") {
		return nil
	}
	l := &Locked{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimLeft(line, "╷│╵ ")), ":")
		value = plain(value, 120)
		switch key {
		case "ID":
			if lockID.MatchString(value) {
				l.ID = value
			}
		case "Who":
			l.Who = value
		case "Operation":
			l.Operation = value
		case "Created":
			l.Created = value
		}
	}
	return l
}
