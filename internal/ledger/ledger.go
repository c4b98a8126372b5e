// Package ledger appends to and reads the git branch that remembers what ran
// where, when and why.
//
// The branch is an orphan of the app's own repository. An append is one commit
// that only succeeds on the tip it was made from (compare-and-swap), so of two
// writers one wins and the other looks again. Entries are never changed.
package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Branch is where the ledger lives.
const Branch = "goldenpath-ledger"

// Ledger is one repository's ledger.
type Ledger struct {
	Dir    string   // a working tree or git directory of the app's repository
	Remote string   // remote to fetch from and push to; "": the repository itself
	Env    []string // for git, KEY=value: a credential for the remote
	Now    func() time.Time
}

// Kinds of entries.
const (
	KindRelease  = "release"
	KindRollback = "rollback"
	KindSoak     = "soak"
	KindPreview  = "preview"
)

// Entry is one line of the history of an environment.
type Entry struct {
	Schema         string          `json:"schema"` // goldenpath.ledger/v1
	ID             string          `json:"id"`     // 2026.11.21-1; a soak has the id of its release
	Kind           string          `json:"kind"`
	App            string          `json:"app"`
	Environment    string          `json:"environment"`
	Commit         string          `json:"commit"`
	Digest         string          `json:"digest"`          // image index
	PlatformDigest string          `json:"platform_digest"` // what runs
	Time           time.Time       `json:"time"`
	By             string          `json:"by"` // workflow run, or user@host
	Verdict        string          `json:"verdict"`
	Reason         string          `json:"reason,omitempty"`
	Previous       string          `json:"previous,omitempty"` // id of the good release before it
	Replaces       string          `json:"replaces,omitempty"` // of a rollback: id of the release it undid
	Data           json.RawMessage `json:"data,omitempty"`     // manifest, samples
}

const schema = "goldenpath.ledger/v1"

// ErrNone says that the ledger has no such entry.
var ErrNone = errors.New("no such entry in the ledger")

var errMoved = errors.New("the ledger moved")

// attempts bounds how often an append looks again.
const attempts = 20

// Tx is one change under way: it reads the tip it started from.
type Tx struct {
	ledger *Ledger
	tip    string // "" before the first entry
	writes map[string][]byte
	order  []string
}

// Update runs change and commits what it wrote, again from the start when
// somebody else committed meanwhile. Nothing is written when change fails.
func (l *Ledger) Update(ctx context.Context, message string, change func(context.Context, *Tx) error) error {
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
		if !errors.Is(err, errMoved) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("append to the ledger: %d others were faster: try again", attempts)
}

// View reads the ledger.
func (l *Ledger) View(ctx context.Context, read func(context.Context, *Tx) error) error {
	tx, err := l.begin(ctx)
	if err != nil {
		return err
	}
	return read(ctx, tx)
}

// ViewAt reads the ledger as a commit of its branch has it, without fetching.
func (l *Ledger) ViewAt(ctx context.Context, tip string, read func(context.Context, *Tx) error) error {
	return read(ctx, &Tx{ledger: l, tip: tip, writes: map[string][]byte{}})
}

func (l *Ledger) begin(ctx context.Context) (*Tx, error) {
	if l.Remote != "" {
		if _, err := l.git(ctx, nil, "fetch", "--quiet", "--no-tags", l.Remote, "+refs/heads/"+Branch+":refs/heads/"+Branch); err != nil && !strings.Contains(err.Error(), "find remote ref") {
			return nil, unreachable("fetch", err)
		}
	}
	out, err := l.git(ctx, nil, "for-each-ref", "--format=%(objectname)", "refs/heads/"+Branch)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return &Tx{ledger: l, tip: strings.TrimSpace(string(out)), writes: map[string][]byte{}}, nil
}

// commit writes the change on top of the tip. fast-import refuses to move a
// branch to a commit that does not contain what it now points to, and swaps the
// reference atomically.
func (l *Ledger) commit(ctx context.Context, tx *Tx, message string) error {
	// Two writers that say the same in the same second would make one commit, and
	// both would take it for their own.
	message += "\n\nAppend: " + rand.Text()
	var b bytes.Buffer
	fmt.Fprintf(&b, "commit refs/heads/%s\nmark :1\ncommitter goldenpath <goldenpath@localhost> %d +0000\n", Branch, l.Now().Unix())
	fmt.Fprintf(&b, "data %d\n%s\n", len(message), message)
	if tx.tip != "" {
		fmt.Fprintf(&b, "from %s\n", tx.tip)
	} else {
		tx.Write("README.md", []byte(readme))
	}
	for _, p := range tx.order {
		if content := tx.writes[p]; content == nil {
			fmt.Fprintf(&b, "D %s\n", p)
		} else {
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", p, len(content), content)
		}
	}
	b.WriteString("get-mark :1\ndone\n")
	made, err := l.git(ctx, b.Bytes(), "fast-import", "--quiet", "--done", "--date-format=raw")
	if err != nil {
		if after, lookErr := l.begin(ctx); lookErr == nil && after.tip != tx.tip {
			return errMoved
		}
		return fmt.Errorf("append to the ledger: %w", err)
	}
	if l.Remote == "" {
		return nil
	}
	// By its id: another writer of this clone may have fetched over the branch.
	commit := strings.TrimSpace(string(made))
	if _, err := l.git(ctx, nil, "push", "--quiet", "--force-with-lease=refs/heads/"+Branch+":"+tx.tip, l.Remote, commit+":refs/heads/"+Branch); err != nil {
		if strings.Contains(err.Error(), "stale info") || strings.Contains(err.Error(), "rejected") {
			return errMoved
		}
		return unreachable("push", err)
	}
	return nil
}

// unreachable adds the remedy where the server did not let us in.
func unreachable(verb string, err error) error {
	for _, sign := range []string{"error: 401", "error: 403", "Authentication failed", "could not read Username"} {
		if strings.Contains(err.Error(), sign) {
			return fmt.Errorf("%s the ledger: %w\n  try: grant the job contents: write and give it the run's token, or keep the ledger elsewhere with --ledger-remote", verb, err)
		}
	}
	return fmt.Errorf("%s the ledger: %w", verb, err)
}

func (l *Ledger) git(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	c := tool.Command{
		Argv: append([]string{"git"}, args...), Dir: l.Dir,
		Env: []string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	c.Env = append(c.Env, l.Env...)
	if stdin != nil {
		c.Stdin = bytes.NewReader(stdin)
	}
	res, err := c.Run(ctx)
	var exit *tool.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(exit.Tail))
	}
	return res.Stdout, err
}

// Write puts a file.
func (tx *Tx) Write(name string, content []byte) { tx.set(name, content) }

// Delete removes a file.
func (tx *Tx) Delete(name string) { tx.set(name, nil) }

func (tx *Tx) set(name string, content []byte) {
	if !slices.Contains(tx.order, name) {
		tx.order = append(tx.order, name)
	}
	tx.writes[name] = content
}

// Read returns a file as it is on the tip, or ErrNone.
func (tx *Tx) Read(ctx context.Context, name string) ([]byte, error) {
	if tx.tip == "" {
		return nil, ErrNone
	}
	names, err := tx.list(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(names) != 1 || names[0] != name {
		return nil, ErrNone
	}
	return tx.ledger.git(ctx, nil, "cat-file", "blob", tx.tip+":"+name)
}

// file is one of the tip, and the blob that holds it.
type file struct{ name, blob string }

// list returns the names below a path.
func (tx *Tx) list(ctx context.Context, below string) ([]string, error) {
	files, err := tx.files(ctx, below)
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	return names, err
}

// files returns what is below a path, by name.
func (tx *Tx) files(ctx context.Context, below string) ([]file, error) {
	if tx.tip == "" {
		return nil, nil
	}
	out, err := tx.ledger.git(ctx, nil, "ls-tree", "-r", "-z", tx.tip, "--", below)
	if err != nil {
		return nil, err
	}
	var all []file
	for line := range strings.SplitSeq(string(out), "\x00") {
		head, name, ok := strings.Cut(line, "\t") // mode, type and id stand before the name
		if f := strings.Fields(head); ok && len(f) == 3 {
			all = append(all, file{name, f[2]})
		}
	}
	return all, nil
}

// validName keeps what becomes a path of the branch to plain words.
var validName = regexp.MustCompile(`^[a-z0-9][-a-z0-9]*(/[a-z0-9][-a-z0-9]*)?$`)

func entryPath(e Entry) string {
	return path.Join("entries", e.Environment, e.Time.UTC().Format("2006/01"), e.ID+"."+e.Kind+".json")
}

func currentPath(environment string) string { return path.Join("current", environment+".json") }

const readme = `# The ledger of this repository's releases

Written by goldenpath, one commit for each event. Do not rebase or squash it.

- current/ENVIRONMENT.json is the release that runs there.
- entries/ENVIRONMENT/YEAR/MONTH/ID.KIND.json is everything that happened.
- locks/ENVIRONMENT.json exists while a promotion is under way.
`
