package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The audit log becomes audit.1.jsonl when it has maxAudit bytes, and so on. So many logs are
// kept that refused requests cannot soon push out what was changed.
const (
	maxAudit  = 16 << 20
	keptAudit = 16
)

// entry is one line of the audit log.
type entry struct {
	Time        time.Time `json:"time"`
	Key         string    `json:"key"` // role and apps of the SSH key; "": this server itself
	From        string    `json:"from,omitempty"`
	What        string    `json:"what"`
	App         string    `json:"app,omitempty"`
	Environment string    `json:"environment,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	Error       string    `json:"error,omitempty"`
}

// audit appends a line to the audit log. A log that cannot be written stops nothing.
func (h *Host) audit(what, app, environment, detail string, err error) {
	h.auditEntry(entry{What: what, App: app, Environment: environment, Detail: detail, Error: message(err)})
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (h *Host) auditEntry(e entry) {
	e.Time = time.Now().UTC()
	b, err := json.Marshal(e)
	if err != nil {
		return
	}
	name := filepath.Join(h.Dir, "audit.jsonl")
	if info, err := os.Stat(name); err == nil && info.Size() > maxAudit {
		for n := keptAudit - 1; n > 0; n-- {
			_ = os.Rename(filepath.Join(h.Dir, fmt.Sprintf("audit.%d.jsonl", n)), filepath.Join(h.Dir, fmt.Sprintf("audit.%d.jsonl", n+1)))
		}
		_ = os.Rename(name, filepath.Join(h.Dir, "audit.1.jsonl"))
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer f.Close()
	_, _ = f.Write(append(b, '\n'))
}
