// Package git runs git: with one set of safety settings, no hooks, no prompts and
// no output cut in silence. No other package of the
// binaries runs it.
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

// Repository is a folder in which git runs, and how far its configuration is
// trusted. Own and Foreign make one; the zero value is not usable.
type Repository struct {
	dir    string
	config [][2]string // key and value, passed in the environment, which a process list does not show
	env    []string
}

const noLazyFetch = "GIT_NO_LAZY_FETCH=1"

// Own is a repository of the user who runs the command. The user's configuration
// applies, with its credential helpers and proxies. Hooks never run, and nothing
// is signed with the user's commit key.
func Own(dir string) Repository {
	r := Repository{dir: dir, config: [][2]string{{"core.hooksPath", os.DevNull}, {"core.fsmonitor", "false"}, {"commit.gpgSign", "false"}, {"tag.gpgSign", "false"}}}
	for _, name := range []string{"SSH_AUTH_SOCK", "SSH_AGENT_PID"} { // so that a push over SSH finds the agent
		if v := os.Getenv(name); v != "" {
			r.env = append(r.env, name+"="+v)
		}
	}
	return r
}

// Foreign is a repository that nothing is trusted of. No configuration of the
// machine applies, replaced objects are ignored, paths are literal, git does not
// look above dir for a repository, and nothing is fetched unless AllowFetch says
// so. The owner of the folder does not matter: in a container it is always another
// user.
func Foreign(dir string) Repository {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return Repository{dir: dir,
		config: [][2]string{{"core.hooksPath", os.DevNull}, {"core.fsmonitor", "false"}, {"core.quotePath", "false"}, {"safe.directory", "*"}},
		env: []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1",
			noLazyFetch, "GIT_LITERAL_PATHSPECS=1", "GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)},
	}
}

// Dir is the folder.
func (r Repository) Dir() string { return r.dir }

// AnyOwner returns the repository with git's check of the folder's owner switched
// off. Use it where a run's workspace belongs to the runner's user and the command
// is root, and nowhere else: git would run what such a repository configures.
func (r Repository) AnyOwner() Repository { return r.with("safe.directory", "*") }

// AllowFetch returns the repository with lazy fetches of a partial clone allowed.
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

// WithEnv returns the repository with more variables, KEY=value, such as
// GIT_INDEX_FILE.
func (r Repository) WithEnv(env ...string) Repository {
	r.env = append(slices.Clone(r.env), env...)
	return r
}

func (r Repository) with(key, value string) Repository {
	r.config = append(slices.Clone(r.config), [2]string{key, value})
	return r
}

// Error says that git ran and did not succeed.
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

// Exited reports whether err is git's exit status code, such as the 1 of
// merge-base, diff --quiet and rev-parse --verify --quiet.
func Exited(err error, code int) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Run runs git and returns what it prints to standard output, without white space
// at the ends. Use Output for names and contents.
func (r Repository) Run(ctx context.Context, args ...string) (string, error) {
	out, err := r.Output(ctx, nil, args...)
	return strings.TrimSpace(string(out)), err
}

// Output runs git with an input, which may be nil, and returns its standard output
// as it is. More than 64 MiB is an error: use Stream.
func (r Repository) Output(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	res, err := r.command(stdin, args).Run(ctx)
	if err == nil && res.Cut {
		err = errors.New("the output is over 64 MiB")
	}
	return res.Stdout, wrap(args, err)
}

// Stream runs git and hands its standard output to read while it runs. read must
// read to the end; when it returns an error git is stopped. What read has seen is
// complete only if Stream returns nil: git may succeed with a message about an object
// that it cannot read, so a message is an error too.
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
		return fmt.Errorf("read git %s: %w", args[0], readErr)
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
	return fmt.Errorf("run git %s: %w", args[0], err)
}
