package terraform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// GP-PREV-11: a lock is read as backends tell of it, and nothing in it is a command.
func TestReadLock(t *testing.T) {
	const info = "Lock Info:\n  ID:        9a1c-77\n  Path:      tfstate-pr-12-app\n  Operation: OperationTypeApply\n  Who:       ann@runner-7\n  Version:   1.11.4\n  Created:   2026-08-26 10:00:00 +0000 UTC\n  Info:      \n"
	want := &Locked{ID: "9a1c-77", Who: "ann@runner-7", Operation: "OperationTypeApply", Created: "2026-08-26 10:00:00 +0000 UTC"}
	for name, tc := range map[string]struct {
		text string
		want *Locked
	}{
		"local":      {"Error acquiring the state lock\nError message: resource temporarily unavailable\n" + info, want},
		"kubernetes": {"Error acquiring the state lock\nError message: the state is already locked by another terraform client\n" + info, want},
		"framed":     {"Error acquiring the state lock\n│ \n│   ID:        9a1c-77\n", &Locked{ID: "9a1c-77"}},
		"nothing":    {"Error acquiring the state lock\nError message: AccessDenied", &Locked{}},
		"hostile":    {"Error acquiring the state lock\n  ID: x; rm -rf /\n  Who: \x1b[31mann\n", &Locked{Who: "[31mann"}},
		"another":    {"Error: it is locked away\n" + info, nil},
	} {
		if diff := cmp.Diff(tc.want, readLock(tc.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
