package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Records are the records of an app's previews. They implement ledger.Store.
type Records struct {
	h   *Host
	app string
}

// Records returns the records of an app.
func (h *Host) Records(app string) Records { return Records{h, app} }

func (r Records) String() string { return "the records of " + r.app + " on this server" }

func (r Records) file() string { return filepath.Join(r.h.Dir, "records", r.app+".json") }

// Load returns the records and their version.
func (r Records) Load(context.Context) (map[string][]byte, string, error) {
	b, err := os.ReadFile(r.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	out := map[string][]byte{}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, "", fmt.Errorf("cannot read %s: %w", r.file(), err)
	}
	return out, report.Digest(string(b)), nil
}

// Save replaces the records, if they still have the version.
func (r Records) Save(ctx context.Context, files map[string][]byte, version string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	l := flock.New(r.file() + ".lock")
	if ok, err := l.TryLockContext(ctx, 5*time.Millisecond); !ok {
		return err
	}
	defer l.Unlock()
	_, now, err := r.Load(ctx)
	if err != nil {
		return err
	}
	if now != version {
		return ledger.ErrMoved
	}
	b, err := json.Marshal(files)
	if err != nil {
		return err
	}
	return full(private(r.file(), b))
}
