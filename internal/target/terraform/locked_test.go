package terraform

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
		if diff := cmp.Diff(tc.want, readLock(tc.text), cmpopts.IgnoreUnexported(Locked{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// GP-PATH-8: the message says who, since when, for how long, and which commands free the
// state in a fresh checkout; no setting that may be confidential is in it.
func TestLockedMessage(t *testing.T) {
	now := time.Date(2026, 8, 26, 10, 12, 30, 0, time.UTC)
	s := &session{product: "tofu", workspace: "pr-12", t: &Target{
		Dir: "/w/.git/goldenpath/base/infra", Shown: "infra", Clock: func() time.Time { return now },
		Backend: map[string]string{"bucket": "acme's", "access_key": "AKIA123"},
	}}
	err := s.failed("plan", []problem{{Summary: "Error acquiring the state lock", Detail: "Lock Info:\n  ID:        9a1c-77\n  Operation: OperationTypeApply\n  Who:       root@4e1f\n  Created:   2026-08-26 10:00:00.5 +0000 UTC\n"}})
	want := `workspace pr-12: its state is locked by root@4e1f since 2026-08-26 10:00:00.5 +0000 UTC, for 12 minutes (OperationTypeApply, lock 9a1c-77): wait until that run ends; if it has certainly ended, run cd infra && tofu init -backend-config='bucket=acme'\''s' && tofu workspace select pr-12 && tofu force-unlock 9a1c-77`
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if strings.Contains(err.Error(), "AKIA") {
		t.Error("the message contains a key")
	}
}
