// Package git runs git: with one set of safety settings, no hooks, no prompts, and an
// error if output is incomplete. No other package of the binaries runs git.
package git

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Repository is a folder in which git runs, and how far its configuration is trusted.
// Own and Foreign return one; the zero value is not usable.
type Repository struct {
	dir    string
	config [][2]string // key and value, passed in the environment, which a process list does not show
	env    []string
}

const noLazyFetch = "GIT_NO_LAZY_FETCH=1"

// Own returns a repository of the user who runs the command. The user's configuration
// applies, including credential helpers and proxies. Hooks never run, and commits are
// not signed with the user's key.
func Own(dir string) Repository {
	r := Repository{dir: dir, config: [][2]string{{"core.hooksPath", os.DevNull}, {"core.fsmonitor", "false"}, {"commit.gpgSign", "false"}, {"tag.gpgSign", "false"}}}
	for _, name := range []string{"SSH_AUTH_SOCK", "SSH_AGENT_PID"} { // so that a push over SSH finds the agent
		if v := os.Getenv(name); v != "" {
			r.env = append(r.env, name+"="+v)
		}
	}
	return r
}

// Foreign returns a repository whose configuration is not trusted. The configuration of
// the machine does not apply, replaced objects and grafts are ignored, paths are literal, git does
// not look for a repository above dir, and nothing is fetched unless AllowFetch is
// used. The owner of the folder is not checked: in a container it is always another
// user.
func Foreign(dir string) Repository {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return Repository{dir: dir,
		config: [][2]string{{"core.hooksPath", os.DevNull}, {"core.fsmonitor", "false"}, {"core.quotePath", "false"}, {"safe.directory", "*"}},
		env: []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=" + filepath.Join(os.DevNull, "none"),
			noLazyFetch, "GIT_LITERAL_PATHSPECS=1", "GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)},
	}
}

// Dir returns the folder of the repository.
func (r Repository) Dir() string { return r.dir }

// AnyOwner returns the repository with git's check of the folder's owner switched off.
// Use it only where the workspace of a run belongs to the runner's user and the command
// runs as root: git would run what the configuration of such a repository names.
func (r Repository) AnyOwner() Repository { return r.with("safe.directory", "*") }

// AllowFetch returns the repository with permission to fetch objects that a partial
// clone lacks.
func (r Repository) AllowFetch() Repository {
	r.env = slices.DeleteFunc(slices.Clone(r.env), func(kv string) bool { return kv == noLazyFetch })
	return r
}

// WithToken returns the repository with a token for one server, such as
// https://github.com. Requests to any other server do not carry it. An empty server
// or token changes nothing.
func (r Repository) WithToken(server, token string) Repository {
	if server == "" || token == "" {
		return r
	}
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	return r.with("http."+strings.TrimSuffix(server, "/")+"/.extraheader", "AUTHORIZATION: basic "+basic)
}

// WithEnv returns the repository with more environment variables for git, KEY=value,
// such as GIT_INDEX_FILE.
func (r Repository) WithEnv(env ...string) Repository {
	r.env = append(slices.Clone(r.env), env...)
	return r
}

func (r Repository) with(key, value string) Repository {
	r.config = append(slices.Clone(r.config), [2]string{key, value})
	return r
}

// Error means that git ran and exited with an error.
type Error struct {
	Command string // the subcommand: fetch
	Code    int
	Stderr  string // the end of what git printed
}

func (e *Error) Error() string {
	s := fmt.Sprintf("git %s: exit status %d", e.Command, e.Code)
	if said := strings.Join(strings.Fields(e.Stderr), " "); said != "" {
		s = fmt.Sprintf("git %s: %s", e.Command, said)
	}
	return s
}

// Exited reports whether err means that git exited with this status, such as 1 of
// merge-base, diff --quiet and rev-parse --verify --quiet.
func Exited(err error, code int) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Run runs git and returns its standard output without white space at both ends. Use
// Output for names and contents.
func (r Repository) Run(ctx context.Context, args ...string) (string, error) {
	out, err := r.Output(ctx, nil, args...)
	return strings.TrimSpace(string(out)), err
}

// Output runs git with an input, which may be nil, and returns its standard output
// unchanged. More than 64 MiB is an error: use Stream.
func (r Repository) Output(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	res, err := r.command(stdin, args).Run(ctx)
	if err == nil && res.Cut {
		err = errors.New("the output has more than 64 MiB")
	}
	return res.Stdout, wrap(args, err)
}

// Stream runs git and passes its standard output to read while git runs. read must read
// to the end; if read returns an error, git is stopped. The output is complete only if
// Stream returns nil. git may exit with 0 and print a message about an object that it
// cannot read, so a message on standard error is also an error.
func (r Repository) Stream(ctx context.Context, stdin io.Reader, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := read(out)
		if err != nil {
			cancel()
		}
		out.CloseWithError(errors.New("the reader stopped"))
		done <- err
	}()
	c := r.command(stdin, args)
	c.Stdout = in
	res, err := c.Run(ctx)
	if err == nil && res.Stderr != "" {
		err = &Error{Command: args[0], Stderr: strings.TrimSpace(res.Stderr)}
	}
	in.CloseWithError(err) // nil is io.EOF
	if readErr := <-done; readErr != nil && !errors.Is(readErr, err) {
		return fmt.Errorf("cannot read the output of git %s: %w", args[0], readErr)
	}
	return wrap(args, err)
}

func (r Repository) command(stdin io.Reader, args []string) tool.Command {
	env := []string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(r.config))}
	for i, kv := range r.config {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, kv[1]))
	}
	return tool.Command{Argv: append([]string{"git"}, args...), Dir: r.dir, Stdin: stdin, Env: append(env, r.env...)}
}

func wrap(args []string, err error) error {
	var exit *tool.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return &Error{Command: args[0], Code: exit.Code, Stderr: strings.TrimSpace(exit.Stderr)}
	}
	return fmt.Errorf("cannot run git %s: %w", args[0], err)
}
