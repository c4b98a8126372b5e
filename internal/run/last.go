package run

import (
	"os"
	"path/filepath"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// Last is what the last run of a commit on this machine reported.
type Last struct {
	stage.Results
	Digest string    // of the image; "": the run did not package
	Ended  time.Time // when the gate ended
}

// LastRun returns what the last run of a commit reported, for a command that grades the
// commit afterwards. It returns nil if the gate did not run for this commit and
// configuration, or ran more than a day ago: advisories and waivers change with time.
func LastRun(stateDir string, c stage.Commit, cfg *config.Config, now time.Time) (*Last, error) {
	dir := filepath.Join(stateDir, "runs", c.ID[:12])
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err != nil {
		return nil, nil
	}
	s, err := openState(dir, c.ID, cfg.Source(), now)
	if err != nil {
		return nil, err
	}
	out := &Last{Ended: s.outcome("security-gate").Ended}
	out.Gate = s.report("security-gate")
	if age := now.Sub(out.Ended); out.Gate == nil || age < 0 || age > resumeFor {
		return nil, nil
	}
	if p := s.report("package"); p != nil {
		out.Digest = p.Digest
	}
	for _, name := range []string{"test", "battery"} {
		files, err := stage.JUnitOf(s.report(name))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if _, err := os.Stat(file); err != nil {
				out.Unmatched = append(out.Unmatched, file)
			} else {
				out.JUnit = append(out.JUnit, file)
			}
		}
	}
	return out, nil
}
