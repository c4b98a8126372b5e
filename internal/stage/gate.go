package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GateRequest describes one scan by the security gate, which is a separate program.
type GateRequest struct {
	Dir, Commit     string
	Artifact        string // packed folder to scan too; "": there is none
	Report          string // file for the JSON report
	MissingDatabase string // error or warn
}

// SecurityGate scans the commit, and the packed folder of Job.Dir. It scans a fresh
// checkout, because the checks and the build may have changed Job.Dir. digest is the
// image that the report is about.
func SecurityGate(ctx context.Context, j *Job, digest string) (*report.Report, error) {
	missing := j.Config.Gate.MissingDatabase
	if missing == "" {
		missing = "warn" // a machine without a network still gets a result, which lists its gaps
	}
	clean := filepath.Join(j.Out, "gate")
	defer os.RemoveAll(clean)
	if err := j.Commit.CheckOut(ctx, clean); err != nil {
		return nil, err
	}
	request := GateRequest{Dir: clean, Commit: j.Commit.ID, Report: filepath.Join(j.Out, "security-gate.json"), MissingDatabase: missing}
	if pack := j.Config.Artifact.Pack; pack != "" {
		request.Artifact = filepath.Join(j.Dir, filepath.FromSlash(pack))
	}
	r, err := j.Gate(ctx, request)
	if err != nil {
		return r, err
	}
	if r.Commit != j.Commit.ID {
		return nil, fmt.Errorf("the gate's report is about commit %.7s, not %.7s", r.Commit, j.Commit.ID)
	}
	r.Digest = digest
	return r, nil
}
