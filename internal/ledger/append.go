package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// Committer commits through the API of the server that hosts a remote, which signs the
// commit.
type Committer interface {
	// Commit adds a commit to a branch whose tip is parent ("": the branch does not exist).
	// Files without content are deleted. moved reports that the tip is another one.
	Commit(ctx context.Context, branch, parent, message string, files map[string][]byte) (moved bool, err error)
}

// commit commits a change on top of the tip. It pushes the commit, or lets the server make
// it if a rule of the server requires signed commits.
func (l *Ledger) commit(ctx context.Context, tx *Tx, message string) error {
	if l.Store != nil {
		return l.save(ctx, tx)
	}
	if tx.tip == "" {
		tx.set("README.md", []byte(readme))
	}
	// Without a random line, two writers that write the same in the same second would
	// make the same commit, and both would believe that they had written it.
	message += "\n\n[skip ci]\n\nAppend: " + rand.Text() // services that build every branch skip the ledger
	if !l.signed.Load() {
		err := l.push(ctx, tx, message)
		var refused *RefusedError
		if l.Server == nil || !errors.As(err, &refused) || !refused.unsigned() {
			return err
		}
		l.signed.Store(true)
	}
	moved, err := l.Server.Commit(ctx, Branch, tx.tip, message, tx.writes)
	switch {
	case err != nil:
		return fmt.Errorf("cannot append to the ledger: a rule requires signed commits, which only GitHub's API makes: %w", err)
	case moved:
		return ErrMoved
	}
	return nil
}

// push makes a commit and pushes it. git fast-import updates the branch atomically, and
// refuses the update if the branch has moved to a commit that the new one does not contain.
func (l *Ledger) push(ctx context.Context, tx *Tx, message string) error {
	made, err := l.alone(ctx, bytes.NewReader(l.stream(tx, message)), "fast-import", "--quiet", "--done", "--date-format=raw")
	if err != nil {
		if after, beginErr := l.begin(ctx); beginErr == nil && after.tip != tx.tip {
			return ErrMoved
		}
		return fmt.Errorf("cannot append to the ledger: %w", err)
	}
	if l.Remote == "" {
		return nil
	}
	// Push the commit by its id: another writer in this clone may have fetched over
	// the branch.
	commit := strings.TrimSpace(string(made))
	_, err = l.alone(ctx, nil, "push", "--quiet", "--force-with-lease=refs/heads/"+Branch+":"+tx.tip, l.Remote, commit+":refs/heads/"+Branch)
	switch {
	case err == nil:
		return nil
	case raced(err):
		return ErrMoved
	}
	return explain("push", err)
}

// stream returns the input of git fast-import for a change.
func (l *Ledger) stream(tx *Tx, message string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "commit %s\nmark :1\ncommitter goldenpath <goldenpath@localhost> %d +0000\n", l.ref(), l.Now().Unix())
	fmt.Fprintf(&b, "data %d\n%s\n", len(message), message)
	if tx.tip != "" {
		fmt.Fprintf(&b, "from %s\n", tx.tip)
	}
	for _, name := range tx.order {
		if content := tx.writes[name]; content == nil {
			fmt.Fprintf(&b, "D %s\n", name)
		} else {
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(content), content)
		}
	}
	b.WriteString("get-mark :1\ndone\n")
	return b.Bytes()
}

// raced reports whether a push failed because another writer pushed first. If the server
// has locked the branch for another writer, git reports a remote rejection.
func raced(err error) bool {
	text := err.Error()
	for _, sign := range []string{"stale info", "non-fast-forward", "fetch first", "cannot lock ref", "failed to update ref", "incorrect old value"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// explain adds a remedy to an error if the server denied access or refused the push.
func explain(verb string, err error) error {
	text := err.Error()
	var e *git.Error
	if errors.As(err, &e) {
		text = e.Stderr // complete, with its lines
	}
	for _, sign := range []string{"error: 401", "error: 403", "Authentication failed", "could not read Username"} {
		if strings.Contains(text, sign) {
			return fmt.Errorf("cannot %s the ledger: %w\n  try: grant the job contents: write and pass it the run's token, or use another repository with --ledger-remote", verb, err)
		}
	}
	if strings.Contains(text, "remote rejected") {
		return &RefusedError{verb, refusal(text)}
	}
	return fmt.Errorf("cannot %s the ledger: %w", verb, err)
}

// RefusedError reports that a rule of the server refuses the branch. Trying again does not
// help.
type RefusedError struct {
	verb string
	Why  string // what the server said
}

func (e *RefusedError) Error() string {
	try := "allow goldenpath to create and update that branch in the server's rules"
	if strings.Contains(e.Why, "GH013") || strings.Contains(e.Why, "GH006") {
		try = "exclude refs/heads/" + Branch + " from that rule, because a bypass list cannot name the run's token; goldenpath doctor names the ruleset"
	}
	return fmt.Sprintf("cannot %s the ledger: a rule of the server refuses the branch %s: %s\n  try: %s, or use another repository with --ledger-remote", e.verb, Branch, e.Why, try)
}

// unsigned reports whether the server accepts only signed commits.
func (e *RefusedError) unsigned() bool {
	return strings.Contains(e.Why, "must have verified signatures") || strings.Contains(e.Why, "must have valid signatures")
}

// refusal returns the lines of git's output in which the server explains why it refused
// a push.
func refusal(text string) string {
	var why []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, remote := strings.CutPrefix(line, "remote:")
		if rest = strings.TrimSpace(rest); remote && rest != "" || strings.Contains(line, "remote rejected") {
			why = append(why, rest)
		}
	}
	return strings.Join(why, "; ")
}

const readme = `# The ledger of this repository's releases

Written by goldenpath, one commit for each event. Do not rebase or squash it.

- current/ENVIRONMENT.json is the release that runs there.
- entries/ENVIRONMENT/YEAR/MONTH/ID.KIND.json is everything that happened.
- withdrawn/ENVIRONMENT.json has the digests that were rolled back, each with its rollback.
- locks/ENVIRONMENT.json exists while a promotion is in progress.

An app in a folder of the repository has the same below apps/APP.
`
