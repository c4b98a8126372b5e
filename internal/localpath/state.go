package localpath

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// state is what a run remembers between calls: run.json in its folder.
type state struct {
	dir string
	stateFile
}

type stateFile struct {
	Schema   string    `json:"schema"` // goldenpath.run-state/v1
	Commit   string    `json:"commit"`
	Config   string    `json:"config"` // sha256 of the configuration
	Began    time.Time `json:"began"`
	Outcomes []Outcome `json:"outcomes"`
}

const stateSchema = "goldenpath.run-state/v1"

// openState reads the state of a run, or begins one. A file that cannot be read
// is begun anew: everything in it can be made again.
func openState(dir, commit string, cfg []byte, now time.Time) (*state, error) {
	s := &state{dir: dir, stateFile: stateFile{Schema: stateSchema, Commit: commit, Config: digest(cfg), Began: now.UTC()}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	b, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	var old stateFile
	if json.Unmarshal(b, &old) == nil && old.Schema == s.Schema && old.Commit == s.Commit && old.Config == s.Config {
		s.stateFile = old
	}
	return s, nil
}

func (s *state) path() string { return filepath.Join(s.dir, "run.json") }

func (s *state) outcome(stage string) Outcome {
	for _, o := range s.Outcomes {
		if o.Stage == stage {
			return o
		}
	}
	return Outcome{Stage: stage}
}

// record keeps the outcome of a stage and forgets those of the stages after it,
// which were taken from an earlier one.
func (s *state) record(o Outcome) error {
	for i := range s.Outcomes {
		if s.Outcomes[i].Stage == o.Stage {
			s.Outcomes = s.Outcomes[:i]
			break
		}
	}
	s.Outcomes = append(s.Outcomes, o)
	b, err := json.MarshalIndent(s.stateFile, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.path(), b)
}

func (s *state) save(name string, r *report.Report) error {
	return writeWith(filepath.Join(s.dir, name), r.WriteJSON)
}

// report reads the report of a stage of an earlier call, or nil.
func (s *state) report(stage string) *report.Report {
	name := s.outcome(stage).Report
	if name == "" {
		return nil
	}
	f, err := os.Open(filepath.Join(s.dir, filepath.Base(name)))
	if err != nil {
		return nil
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return nil
	}
	return r
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
