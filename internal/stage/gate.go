package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GateRequest describes one scan by the security gate, which is a separate program.
type GateRequest struct {
	Dir             string // folder of the app in a checkout
	Commit          string
	Artifact        string // packed folder to scan too; "": there is none
	Report          string // file for the JSON report
	MissingDatabase string // error or warn
}

// SecurityGate scans the commit, and the packed folder of Job.Dir. It scans a fresh
// checkout, because the checks and the build may have changed Job.Dir. The gate compares
// the commit as a push is compared: with the last release that it contains, else with
// the commit that added goldenpath. digest is the image that the report is about.
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
	if err := shareLedger(ctx, j.Commit.Repo, clean); err != nil {
		return nil, err
	}
	request := GateRequest{Dir: filepath.Join(clean, filepath.FromSlash(j.Commit.Folder)), Commit: j.Commit.ID, Report: filepath.Join(j.Out, "security-gate.json"), MissingDatabase: missing}
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

// shareLedger makes the ledger of the repository's remote known to a checkout, which has
// only the branches of the repository itself. The gate looks for it there.
func shareLedger(ctx context.Context, from git.Repository, dir string) error {
	tip, err := from.Run(ctx, "rev-parse", "--verify", "--quiet", "refs/remotes/origin/"+ledger.Branch+"^{commit}")
	if git.Exited(err, 1) {
		return nil // the remote has no ledger, or none was fetched
	}
	if err == nil {
		checkout, ref := git.Own(dir), "refs/remotes/upstream/"+ledger.Branch
		if _, err = checkout.Run(ctx, "update-ref", ref, tip); err != nil { // a checkout of a shallow clone has copies of the objects that it needs
			_, err = checkout.Run(ctx, "fetch", "--quiet", "--no-tags", from.Dir(), "+refs/remotes/origin/"+ledger.Branch+":"+ref)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot read the ledger of the remote: %w", err)
	}
	return nil
}
