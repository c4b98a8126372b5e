package process

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// acquire waits for the lock at path until ctx ends, takes the lock, and writes the pid
// of this process into the file. The lock is released when the process ends, even if the
// process is killed.
func acquire(ctx context.Context, path string) (*flock.Flock, error) {
	for {
		l := flock.New(path)
		if _, err := l.TryLockContext(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
		// The folder may have been removed and created again during the wait.
		mine, err := l.Stat()
		if err == nil {
			var there os.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
				// An error is ignored: an environment can be taken down on a full disk.
				_ = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600)
				return l, nil
			}
		}
		if err := errors.Join(l.Unlock(), ctx.Err()); err != nil {
			return nil, err
		}
	}
}

// held reports whether a process holds the lock at path.
func held(path string) bool {
	l := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := l.TryRLock()
	if err != nil {
		return false // the file does not exist
	}
	_ = l.Unlock()
	return !free
}

// owner returns the pid of the process that last took the lock at path, or 0 if it is
// unknown. The pid is meaningful only while the lock is held.
func owner(path string) int {
	b, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}
