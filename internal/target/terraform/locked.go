package terraform

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Locked is the error for an environment whose state another run has locked. This
// package never removes such a lock: the lock contains only a user and a machine, which
// does not prove that the run has ended. The lock of a local state ends with its
// process; a lock in a bucket or a cluster remains if its run is killed with SIGKILL.
type Locked struct {
	Workspace string
	ID        string // of the lock
	Who       string // user@machine
	Operation string // OperationTypeApply…
	Created   string // since when
	Remedy    string // the command that breaks it
	now       time.Time
}

func (l *Locked) Error() string {
	return fmt.Sprintf("%s: its state is locked by %s since %s%s (%s, lock %s): wait until that run ends; if it has certainly ended, run %s",
		place(l.Workspace), or(l.Who, "an unknown user"), or(l.Created, "an unknown time"), l.age(), or(l.Operation, "unknown operation"), or(l.ID, "unknown"), l.Remedy)
}

// age returns how long the lock has existed, or "".
func (l *Locked) age() string {
	created, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", l.Created)
	if err != nil || l.now.Sub(created) < time.Second {
		return ""
	}
	return ", for " + strings.TrimSpace(humanize.RelTime(created, l.now, "", ""))
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// lockID matches ids that are safe in a command line.
var lockID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// readLock parses Terraform's message about a lock. It returns nil if the text is not
// such a message.
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
