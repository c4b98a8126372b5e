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

// acquire takes the lock at path, waiting for it as long as ctx lasts, and writes
// the pid of this process into it. The lock ends with the process, however that
// ends.
func acquire(ctx context.Context, path string) (*flock.Flock, error) {
	for {
		l := flock.New(path)
		if _, err := l.TryLockContext(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
		// The folder may have been removed, and made again, while we waited.
		mine, err := l.Stat()
		if err == nil {
			var there os.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
				// On a full disk it stays unnamed: taking things down must work there.
				_ = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600)
				return l, nil
			}
		}
		if err := errors.Join(l.Unlock(), ctx.Err()); err != nil {
			return nil, err
		}
	}
}

// held reports whether somebody holds the lock at path.
func held(path string) bool {
	l := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := l.TryRLock()
	if err != nil {
		return false // there is no such file
	}
	_ = l.Unlock()
	return !free
}

// owner is the pid that has last taken the lock at path, 0 when unknown. It says
// something only while the lock is held.
func owner(path string) int {
	b, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}
