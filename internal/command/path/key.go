package path

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/trust"
)

// Signing is the flag for commands that sign evidence.
type Signing struct {
	Key string `help:"Private key that signs evidence: PEM text, or a file. In a workflow, pass the secret GOLDENPATH_KEY. Default: $GOLDENPATH_KEY; outside a workflow, otherwise the key that goldenpath key created in this clone." env:"GOLDENPATH_KEY" placeholder:"KEY" group:"where"`
}

// keys returns the keys of the repository.
func (w *world) keys() trust.Keys {
	return trust.Keys{Git: w.git, State: w.common, Workflow: w.env.Runner.Present(), Local: w.local}
}

// Key is `goldenpath key`.
type Key struct {
	Where
	command.Output
}

// Help is shown by --help.
func (Key) Help() string {
	return "Creates a key pair. The private half stays in the git directory of this clone, readable only by you; store it as the secret GOLDENPATH_KEY. The public half is written to " + trust.File + "; commit it. Evidence that is signed with any other key is rejected."
}

// Do creates the key, or shows the existing key.
func (c *Key) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	key, err := w.keys().Own()
	if err != nil {
		return nil, err
	}
	id, err := key.KeyID()
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "key", Verdict: report.Pass, Title: "evidence is signed with key " + id[:16], Started: env.Now().UTC()}
	private := w.keys().PrivateFile()
	r.Checks = []report.Check{{Name: "private key", State: report.OK, Result: private, Note: "gh secret set GOLDENPATH_KEY < " + private}}
	if r.Reason, err = w.keys().Publish(key); err != nil {
		return nil, err
	}
	if r.Reason == report.ReasonKeyMismatch {
		r.Verdict, r.Title = report.Fail, trust.File+" belongs to a different key. Sign with that key, or delete the file to use this clone's key"
		return r, nil
	}
	r.Checks = append(r.Checks, report.Check{Name: "public key", State: report.OK, Result: trust.File, Note: "git add " + trust.File + " && git commit"})
	return r, nil
}
