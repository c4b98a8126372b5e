package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const breachPrefix = "breach-"

// keepBreach moves the reports of an earlier call that ended with a broken SLO into a
// folder of their own, because this call writes reports with the same names.
func keepBreach(out string, now time.Time) error {
	f, err := os.Open(filepath.Join(out, "summary.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := report.Read(f)
	f.Close()
	if err != nil || !strings.HasPrefix(string(r.Reason), string(report.ReasonSLOBreach)) {
		return nil // nothing was broken, or the summary is damaged
	}
	dir := filepath.Join(out, breachPrefix+now.UTC().Format("20060102-150405"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot keep the reports of the broken SLO: %w", err)
	}
	for _, pattern := range []string{"summary.*", "[0-9][0-9]-*.json"} {
		names, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil {
			return err
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o644)
			}
			if err != nil {
				return fmt.Errorf("cannot keep the reports of the broken SLO: %w", err)
			}
		}
	}
	return os.Remove(filepath.Join(out, "summary.json")) // so that they are kept once
}

// lastBreach returns the page about the last broken SLO of this commit, or "".
func lastBreach(out string) string {
	all, err := filepath.Glob(filepath.Join(out, breachPrefix+"*", "summary.html"))
	if err != nil || len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}
