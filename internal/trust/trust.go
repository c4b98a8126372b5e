// Package trust selects the keys that sign and verify evidence: the key whose public half is
// in the commit, or on one machine the key of the clone. Package trust also writes the public
// half into the working tree.
package trust

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// File is the public key that verifies evidence. Like all policy, File is read from
// the commit, not from the working tree.
const File = ".goldenpath/evidence.pub"

// Keys are the keys of a repository.
type Keys struct {
	Git      git.Repository
	State    string // folder that holds keys/key.pem, the key of this clone
	Workflow bool   // a workflow run, which has no key of its own
	Local    bool   // images are in a folder of this machine, and never leave it
}

// Own returns the key of this clone, and creates it if there is none.
func (k Keys) Own() (*evidence.Key, error) { return evidence.OpenKey(k.dir()) }

func (k Keys) dir() string { return filepath.Join(k.State, "keys") }

// PrivateFile is the file of the private half of the key of this clone.
func (k Keys) PrivateFile() string { return filepath.Join(k.dir(), "key.pem") }

// Signer returns the key that signs. given is a private key in PEM, or the name of
// a file with a private key. An empty given means the key of this clone, which a workflow
// does not have. A key that does not
// match File is refused, because its signatures would be rejected later.
func (k Keys) Signer(ctx context.Context, given string) (*evidence.Key, error) {
	if given == "" {
		if k.Workflow {
			return nil, report.Usage("no signing key: pass the secret GOLDENPATH_KEY as input key (goldenpath key creates one and prints how to store it)")
		}
		key, err := k.Own()
		if err != nil || k.Local {
			return key, err
		}
		return key, k.matches(ctx, key, "the key of this clone")
	}
	text := []byte(given)
	if !strings.Contains(given, "\n") {
		b, err := os.ReadFile(given)
		if err != nil {
			return nil, report.Usage("--key is neither a PEM block nor a readable file: pass the file that goldenpath key wrote")
		}
		text = b
	}
	key, err := evidence.ParseKey(text)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("--key is not a private key (%v): pass the file that goldenpath key wrote (PKCS 8 in PEM)", err))
	}
	return key, k.matches(ctx, key, "--key")
}

// matches returns an error unless the key belongs to the public key in File. If the commit
// does not contain File, every key is accepted.
func (k Keys) matches(ctx context.Context, key *evidence.Key, name string) error {
	committed, err := k.Committed(ctx)
	if err != nil || committed == nil {
		return err
	}
	mine, err := key.KeyID()
	if err != nil {
		return err
	}
	if theirs, err := committed.KeyID(); err != nil || mine != theirs {
		return errors.Join(err, report.Usage(fmt.Sprintf("%s does not match %s; signatures made with it would be rejected. Update the secret, or commit the matching public key", name, File)))
	}
	return nil
}

// Committed returns the key in File of HEAD, or nil if HEAD does not contain File.
func (k Keys) Committed(ctx context.Context) (*evidence.Key, error) {
	found, err := k.Git.Run(ctx, "ls-tree", "--name-only", "HEAD", "--", File)
	if err != nil || found == "" {
		return nil, err
	}
	out, err := k.Git.Output(ctx, nil, "cat-file", "blob", "HEAD:"+File)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", File, err)
	}
	key, err := evidence.ParsePublic(out)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s is not a public key (%v): run goldenpath key to write the file", File, err))
	}
	return key, nil
}

// Verifier returns the key that verifies evidence.
func (k Keys) Verifier(ctx context.Context) (*evidence.Key, error) {
	if !k.Local {
		key, err := k.Committed(ctx)
		if err != nil || key != nil {
			return key, err
		}
		if k.Workflow {
			return nil, report.Usage(fmt.Sprintf("%s is not in this commit, so no evidence can be verified. Run goldenpath key and commit the file", File))
		}
	}
	return k.Own()
}
