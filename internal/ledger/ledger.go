// Package ledger reads and appends to a git branch that records what ran where, when and
// why. The branch also holds the locks of environments.
//
// The branch is an orphan branch in the app's own repository, with a folder for each app in
// a folder of the repository. Each append is one commit, which succeeds only if the branch
// has not moved (compare-and-swap): of two concurrent writers, one succeeds, and the other
// reads the new tip and tries again. Entries are never changed.
//
// The ledger of previews on a cluster is kept in the cluster, see Store.
//
// Entries are not signed. Anyone who can push the branch can add an entry, so nothing is
// deployed because of an entry alone: package release also verifies the evidence
// attached to the image.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// Branch is the branch that holds the ledger.
const Branch = "goldenpath-ledger"

// Ledger is the ledger of one app.
type Ledger struct {
	Git    git.Repository // the app's repository, with access to Remote
	App    string         // name of an app in a folder of the repository; "": the app at the top. Not used with Store
	Remote string         // remote that holds the branch; "": the repository itself
	Store  Store          // keeps the ledger in place of the branch; nil: the branch
	Now    func() time.Time
	Server Committer // commits where a rule of Remote requires signed commits; nil: that is an error

	signed  atomic.Bool // Remote refused a commit because it is not signed
	writing sync.Mutex
	one     sync.Mutex // git locks a reference and does not wait: of two calls one would fail
}

// Kinds of entries.
const (
	KindRelease  = "release"
	KindRollback = "rollback"
	KindSoak     = "soak"
	KindPreview  = "preview"
)

// Entry is one event in the history of an environment.
type Entry struct {
	Schema         string          `json:"schema"` // goldenpath.ledger/v1
	ID             string          `json:"id"`     // 2026.11.21-1, the same in every environment; a soak has the id of its release
	Kind           string          `json:"kind"`
	App            string          `json:"app"`
	Environment    string          `json:"environment"`
	Target         Target          `json:"target"` // where the environment ran
	Commit         string          `json:"commit"`
	Digest         string          `json:"digest"`          // image index
	PlatformDigest string          `json:"platform_digest"` // manifest that runs
	Time           time.Time       `json:"time"`
	By             string          `json:"by"` // URL of the workflow run, or user@host
	Verdict        string          `json:"verdict"`
	Reason         string          `json:"reason,omitempty"`
	Previous       string          `json:"previous,omitempty"` // id of the good release before it
	Replaces       string          `json:"replaces,omitempty"` // of a rollback: id of the release it replaced
	Data           json.RawMessage `json:"data,omitempty"`     // manifest, samples
}

const schema = "goldenpath.ledger/v1"

// ErrNone reports that the ledger has no such entry.
var ErrNone = errors.New("no such entry in the ledger")

// attempts is how often an append is tried before it fails because other writers were
// faster.
const attempts = 20

// Update runs the function change and commits what it wrote. If another writer commits
// first, change runs again on the new tip. If change returns an error, nothing is
// committed.
func (l *Ledger) Update(ctx context.Context, message string, change func(context.Context, *Tx) error) error {
	l.writing.Lock() // of this process one at a time, so that none starves
	defer l.writing.Unlock()
	for range attempts {
		tx, err := l.begin(ctx)
		if err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		if len(tx.order) == 0 {
			return nil
		}
		err = l.commit(ctx, tx, message)
		if !errors.Is(err, ErrMoved) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("cannot append to the ledger: other writers were faster %d times: try again", attempts)
}

// View fetches the ledger and runs the function read on it.
func (l *Ledger) View(ctx context.Context, read func(context.Context, *Tx) error) error {
	tx, err := l.begin(ctx)
	if err != nil {
		return err
	}
	return read(ctx, tx)
}

// Of returns the ledger, in the same branch, of the app in a folder of the repository. The app
// at the top, whose folder is "", needs no name there.
func (l *Ledger) Of(folder, app string) *Ledger {
	if folder == "" {
		app = ""
	}
	return &Ledger{Git: l.Git, App: app, Remote: l.Remote, Store: l.Store, Now: l.Now, Server: l.Server}
}

// Unread returns a remote that holds a ledger which is not read, because the ledger is the
// one of this clone, or "".
func (l *Ledger) Unread(ctx context.Context) string {
	if l.Remote != "" || l.Store != nil {
		return ""
	}
	refs, err := l.Git.Run(ctx, "for-each-ref", "--format=%(refname)", "refs/remotes/*/"+Branch)
	if err != nil || refs == "" {
		return ""
	}
	ref, _, _ := strings.Cut(refs, "\n")
	if _, err := l.Git.Run(ctx, "merge-base", "--is-ancestor", ref, l.ref()); err == nil {
		return "" // this clone has what the remote has
	}
	return strings.TrimSuffix(strings.TrimPrefix(ref, "refs/remotes/"), "/"+Branch)
}

// ViewAt runs the function read on the ledger as of a commit of its branch, without
// fetching.
func (l *Ledger) ViewAt(ctx context.Context, tip string, read func(context.Context, *Tx) error) error {
	return read(ctx, l.at(tip))
}

// ref returns the reference that holds the ledger in this clone. The ledger of a remote is
// kept apart from the one of the clone, so that reading the one does not replace the
// other.
func (l *Ledger) ref() string {
	if l.Remote == "" {
		return "refs/heads/" + Branch
	}
	return "refs/remotes/" + l.Remote + "/" + Branch
}

// begin fetches the branch and starts a change on top of its tip.
func (l *Ledger) begin(ctx context.Context) (*Tx, error) {
	if l.Store != nil {
		return l.load(ctx)
	}
	if l.Remote != "" {
		_, err := l.alone(ctx, nil, "fetch", "--quiet", "--no-tags", l.Remote, "+refs/heads/"+Branch+":"+l.ref())
		switch {
		case err != nil && strings.Contains(err.Error(), "find remote ref"):
			// What is left of a branch that was deleted there is not the ledger.
			_, _ = l.Git.Run(ctx, "update-ref", "-d", l.ref())
		case err != nil:
			return nil, explain("fetch", err)
		}
	}
	tip, err := l.Git.Run(ctx, "for-each-ref", "--format=%(objectname)", l.ref())
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger: %w", err)
	}
	return l.at(tip), nil
}

// alone runs a command of git that changes a reference, while no other call of this ledger
// does.
func (l *Ledger) alone(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	l.one.Lock()
	defer l.one.Unlock()
	return l.Git.Output(ctx, stdin, args...)
}

// prefix is the folder of the app in the branch. The app at the top of a repository has none.
func (l *Ledger) prefix() string {
	if l.App == "" {
		return ""
	}
	return "apps/" + l.App + "/"
}

// at starts a change on top of a commit.
func (l *Ledger) at(tip string) *Tx {
	return &Tx{ledger: l, tip: tip, prefix: l.prefix(), tree: branch{l.Git, tip}, writes: map[string][]byte{}}
}
