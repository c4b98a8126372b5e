package run

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

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Outcome is the recorded result of a stage.
type Outcome struct {
	Stage   string         `json:"stage"`
	Verdict report.Verdict `json:"verdict"` // "": the stage could not complete
	Reason  report.Reason  `json:"reason"`
	Title   string         `json:"title"`
	Seconds float64        `json:"seconds"`
	Ended   time.Time      `json:"ended"`
	Report  string         `json:"report"`          // file, relative to the run's folder
	Error   string         `json:"error,omitempty"` // why the stage could not complete
	Resumed bool           `json:"-"`               // from an earlier call
}

func (o Outcome) passed() bool {
	return o.Error == "" && o.Verdict != "" && o.Verdict != report.Fail
}

// state is the content of run.json, the file in which a run keeps its progress.
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

// openState makes the folder of a run and reads the state there.
func openState(dir, commit string, cfg []byte, now time.Time) (*state, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot open the state of the run: %w", err)
	}
	return readState(dir, commit, cfg, now)
}

// readState reads the state of a run. A file that is damaged, or belongs to another
// commit or configuration, is ignored: the run starts from the beginning.
func readState(dir, commit string, cfg []byte, now time.Time) (*state, error) {
	sum := sha256.Sum256(cfg)
	s := &state{dir: dir, stateFile: stateFile{Schema: stateSchema, Commit: commit, Config: "sha256:" + hex.EncodeToString(sum[:]), Began: now.UTC()}}
	b, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the state of the run: %w", err)
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

// record stores the outcome of a stage. It removes the outcomes of later stages, because
// these depend on the replaced result.
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
	return files.Write(s.path(), b)
}

func (s *state) save(name string, r *report.Report) error {
	return files.WriteWith(filepath.Join(s.dir, name), 0o644, r.WriteJSON)
}

// report reads the report of a stage from an earlier call. It returns nil if the report is
// missing or does not match the recorded outcome.
func (s *state) report(stage string) *report.Report {
	o := s.outcome(stage)
	if o.Report == "" {
		return nil
	}
	f, err := os.Open(filepath.Join(s.dir, filepath.Base(o.Report)))
	if err != nil {
		return nil
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil || r.Commit != "" && r.Commit != s.Commit || r.Verdict != o.Verdict {
		return nil
	}
	return r
}

// passed reports whether a stage passed in an earlier call, with a report that later
// stages can read.
func (s *state) passed(stage string) bool {
	return s.outcome(stage).passed() && s.report(stage) != nil
}
