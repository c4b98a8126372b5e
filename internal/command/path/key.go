package path

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// publicKey is the file of a repository that says whose evidence counts. Like all
// policy it is read from the commit that is deployed or from its base.
const publicKey = ".goldenpath/evidence.pub"

// Signing is the flag of what states evidence.
type Signing struct {
	Key string `help:"Private key that signs evidence, or a file with it; hand it over from a secret. Default: the one that goldenpath key made, on this machine only." env:"GOLDENPATH_KEY" placeholder:"KEY" group:"where"`
}

// signer is the key that evidence is signed with.
func (s Signing) signer(ctx context.Context, w *world) (*evidence.Key, error) {
	if s.Key == "" {
		if w.env.Runner.Present() {
			return nil, report.Usage("no signing key: pass the secret GOLDENPATH_KEY as input key (goldenpath key makes one and says where it goes)")
		}
		key, err := evidence.OpenKey(filepath.Join(w.state, "keys"))
		if err != nil || w.folder {
			return key, err
		}
		return key, w.counts(ctx, key, "the key of this clone")
	}
	text := []byte(s.Key)
	if !strings.Contains(s.Key, "\n") {
		b, err := os.ReadFile(s.Key)
		if err != nil {
			return nil, report.Usage("--key is neither a PEM block nor a file that can be read")
		}
		text = b
	}
	key, err := evidence.ParseKey(text)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("--key is no private key (%v): want what goldenpath key wrote, PKCS 8 in PEM", err))
	}
	return key, w.counts(ctx, key, "--key")
}

// counts refuses a key that is not the other half of the one that the commit names.
func (w *world) counts(ctx context.Context, key *evidence.Key, called string) error {
	trusted, err := w.trusted(ctx)
	if err != nil || trusted == nil {
		return err
	}
	mine, err := key.KeyID()
	if err != nil {
		return err
	}
	if theirs, err := trusted.KeyID(); err != nil || mine != theirs {
		return errors.Join(err, report.Usage(fmt.Sprintf("%s is not the key of %s: what it signs would not count. Set the secret anew, or commit the other half", called, publicKey)))
	}
	return nil
}

// trusted is the key that the commit names, or nil.
func (w *world) trusted(ctx context.Context) (*evidence.Key, error) {
	found, err := w.git.Run(ctx, "ls-tree", "--name-only", "HEAD", "--", publicKey)
	if err != nil || found == "" {
		return nil, err
	}
	out, err := w.git.Output(ctx, nil, "cat-file", "blob", "HEAD:"+publicKey)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", publicKey, err)
	}
	key, err := evidence.ParsePublic(out)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s is no public key (%v): goldenpath key writes it", publicKey, err))
	}
	return key, nil
}

// verifier is the key whose evidence counts: that of the commit, or, where images
// are in a folder of this machine, this machine's.
func (w *world) verifier(ctx context.Context) (*evidence.Key, error) {
	if !w.folder {
		key, err := w.trusted(ctx)
		if err != nil || key != nil {
			return key, err
		}
		if w.env.Runner.Present() {
			return nil, report.Usage(fmt.Sprintf("the commit has no %s: nobody's evidence counts. goldenpath key writes it; commit it", publicKey))
		}
	}
	return evidence.OpenKey(filepath.Join(w.state, "keys"))
}

// Key is `goldenpath key`.
type Key struct {
	Where
	command.Output
}

// Help is shown by --help.
func (Key) Help() string {
	return "The private half stays in the git directory of this clone, readable by you alone, and becomes the secret GOLDENPATH_KEY. The public half is written to " + publicKey + ", to be committed: evidence that another key signed does not count."
}

// Do makes the key, or shows the one there is.
func (c *Key) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(w.state, "keys")
	key, err := evidence.OpenKey(dir)
	if err != nil {
		return nil, err
	}
	id, err := key.KeyID()
	if err != nil {
		return nil, err
	}
	public, err := key.PublicPEM()
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "key", Verdict: report.Pass, Reason: report.ReasonKeyCreated, Title: "evidence is signed with key " + id[:16], Started: env.Now().UTC()}
	r.Checks = []report.Check{{Name: "private key", State: report.OK, Result: filepath.Join(dir, "key.pem"), Note: "gh secret set GOLDENPATH_KEY < " + filepath.Join(dir, "key.pem")}}
	root, err := os.OpenRoot(w.repo)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if info, err := root.Lstat(publicKey); err == nil && !info.Mode().IsRegular() {
		return nil, report.Usage(publicKey + " is no file: remove what is in its place")
	}
	old, err := root.ReadFile(publicKey)
	switch {
	case err == nil && string(old) == string(public):
		r.Reason = report.ReasonKeyExists
	case err == nil:
		r.Verdict, r.Reason = report.Fail, report.ReasonKeyMismatch
		r.Title = publicKey + " is the half of another key: whoever has that one signs, or remove the file to trust this clone's"
		return r, nil
	default:
		if errors.Is(err, fs.ErrNotExist) {
			err = root.MkdirAll(path.Dir(publicKey), 0o755)
		}
		if err == nil {
			err = root.WriteFile(publicKey, public, 0o644)
		}
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("write %s: %v", publicKey, err)) // a link that leads out of the repository, say
		}
	}
	r.Checks = append(r.Checks, report.Check{Name: "public key", State: report.OK, Result: publicKey, Note: "git add " + publicKey + " && git commit"})
	return r, nil
}
