// Package reach finds out with govulncheck whether the code of a Go module calls
// vulnerable code.
//
// govulncheck is a process of its own, because its library cannot be stopped and takes
// some variables from its process. It loads and type-checks the packages, and runs no
// code of the repository.
package reach

import (
	"bytes"
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"golang.org/x/mod/modfile"
	"golang.org/x/vuln/scan"

	"github.com/seed-b235b314/goldenpath/internal/text"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Command is the hidden command of security-gate that runs Govulncheck.
const Command = "govulncheck"

// ErrNoGo means that there is no go command.
var ErrNoGo = errors.New("no go command")

// Govulncheck is the body of the hidden command: govulncheck with its own arguments. It
// returns the exit code.
func Govulncheck(ctx context.Context, args []string) int {
	cmd := scan.Command(ctx, args...)
	cmd.Stdin = strings.NewReader("")
	err := cmd.Start()
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Vulnerability is one of a module that the build of another module needs.
type Vulnerability struct {
	Advisory *osvschema.Vulnerability // for which Asks is true
	Module   string                   // "stdlib" is Go's standard library
	Version  string                   // of the module, without v
}

// Module is a Go module to analyse.
type Module struct {
	Root    string // absolute path of a complete checkout
	Folder  string // of its go.mod, relative to Root, with forward slashes
	Known   []Vulnerability
	Offline bool          // missing modules are not downloaded
	Self    string        // path of security-gate
	Timeout time.Duration // 0: two minutes

	release string // of the go command: go1.26.8
}

func (m Module) dir() string { return filepath.Join(m.Root, filepath.FromSlash(m.Folder)) }

// Analyse runs govulncheck for all packages of the module, with no other advisories than
// those given. It does not if nothing can be learned from that. An error is the reason why
// nothing is known; ErrNoGo is one.
func (m Module) Analyse(ctx context.Context) (Analysis, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return Analysis{}, ErrNoGo
	}
	if m.Timeout == 0 {
		m.Timeout = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.Timeout, fmt.Errorf("stopped after %s", m.Timeout))
	defer cancel()
	out, err := m.run(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH")
	if err != nil {
		return Analysis{}, err
	}
	facts := strings.Fields(string(out))
	if len(facts) < 3 {
		return Analysis{}, fmt.Errorf("go env printed %q", text.OneLine(string(out), 100))
	}
	m.release, _, _ = strings.Cut(facts[0], "-X:") // experiments
	a := Analysis{Platform: strings.Join(facts[len(facts)-2:], "/"), found: map[key]*found{}, loaded: map[string]bool{}, unused: map[string]string{}}
	m.Known = slices.DeleteFunc(slices.Clone(m.Known), func(v Vulnerability) bool {
		named, _ := v.named()
		other := v.Module == library && "go"+v.Version != m.release
		if other {
			a.OtherGo = strings.TrimPrefix(m.release, "go")
		}
		return !named || other
	})
	if len(m.Known) == 0 {
		return a, nil
	}
	return a, m.govulncheck(ctx, &a)
}

// library is the name of the standard library as a module.
const library = "stdlib"

func (m Module) govulncheck(ctx context.Context, a *Analysis) error {
	database, err := os.MkdirTemp("", "govulncheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(database)
	if err := writeDatabase(database, m.Known); err != nil {
		return err
	}
	gomod, err := os.ReadFile(filepath.Join(m.dir(), "go.mod"))
	if err != nil {
		return errors.New(m.cause(err.Error()))
	}
	at := url.URL{Scheme: "file", Path: filepath.ToSlash(database)}
	// Which packages are imported is known without their types. Only what is imported needs the
	// types and the calls of all packages, which takes ten times as long.
	for _, level := range []string{"package", "symbol"} {
		out, err := m.run(ctx, m.Self, Command, "-json", "-scan", level, "-C", m.dir(), "-db", at.String(), "./...")
		if err != nil {
			return err
		}
		if err := a.read(out, modfile.ModulePath(gomod), m.Folder); err != nil {
			return err
		}
		if !slices.ContainsFunc(m.Known, a.undecided) {
			break
		}
	}
	return m.listUnused(ctx, a)
}

// listUnused lists the modules that were not loaded, because no package of them is
// imported. A module that is replaced is not listed.
func (m Module) listUnused(ctx context.Context, a *Analysis) error {
	var names []string
	for _, v := range m.Known {
		if !a.loaded[v.Module] && !slices.Contains(names, v.Module) {
			names = append(names, v.Module)
		}
	}
	if len(names) == 0 {
		return nil
	}
	const format = "{{if not .Error}}{{if not .Replace}}{{.Path}} {{.Version}}{{end}}{{end}}"
	out, err := m.run(ctx, append([]string{"go", "list", "-m", "-e", "-f", format, "--"}, names...)...)
	for line := range strings.Lines(string(out)) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			a.unused[name] = strings.TrimPrefix(version, "v")
		}
	}
	return err
}

// run runs a program in the module and returns its output. govulncheck takes the release of
// the standard library from GOVERSION, and the go command ignores that. The go command neither
// downloads another release of itself, nor runs a compiler of C, a version control system
// or a driver of the user.
func (m Module) run(ctx context.Context, argv ...string) ([]byte, error) {
	mode := "readonly"
	if _, err := os.Stat(filepath.Join(m.dir(), "vendor", "modules.txt")); err == nil {
		mode = "vendor"
	}
	env := []string{"CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false -mod=" + mode, "GOVCS=*:off", "GOPACKAGESDRIVER=off", "GOVERSION=" + m.release}
	if m.Offline {
		env = append(env, "GOPROXY=off")
	}
	res, err := tool.Command{Argv: argv, Dir: m.dir(), Env: env, Guard: []string{m.Self, "guard"}}.Run(ctx)
	exit := (*tool.ExitError)(nil)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(err, &exit):
		return nil, errors.New(m.cause(exit.Stderr))
	case err == nil && res.Cut:
		return nil, errors.New("the output of govulncheck is too long")
	}
	return res.Stdout, err
}

// cause returns the first line of the output that names a cause, with paths relative to the
// module.
func (m Module) cause(output string) string {
	for _, dir := range []string{m.dir(), m.Root} {
		output = strings.ReplaceAll(strings.ReplaceAll(output, dir+string(filepath.Separator), ""), dir, ".")
	}
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if _, after, ok := strings.Cut(line, "stderr: "); ok {
			line = after
		}
		line = strings.TrimPrefix(line, "govulncheck: ")
		if line != "" && !strings.HasSuffix(line, "loading packages:") && !strings.HasPrefix(line, "There are errors with the provided package patterns") {
			return text.OneLine(line, 200)
		}
	}
	return "govulncheck ended without a message"
}

// message is one of govulncheck's messages.
type message struct {
	SBOM *struct {
		Modules []struct {
			Path string `json:"path"`
		} `json:"modules"`
		Roots []string `json:"roots"`
	} `json:"SBOM"`
	Finding *struct {
		OSV   string  `json:"osv"`
		Trace []frame `json:"trace"`
	} `json:"finding"`
}

// frame is a function in a trace, or only its package or module. The first one is the
// vulnerable one.
type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Package  string `json:"package"`
	Function string `json:"function"`
	Receiver string `json:"receiver"`
	Position *struct {
		Filename string `json:"filename"` // relative to the module; of the repository's own code: to the repository
		Line     int    `json:"line"`
	} `json:"position"`
	own bool // of the analysed module
}

// read reads govulncheck's messages about the module of that name in a folder of the
// repository.
func (a *Analysis) read(out []byte, name, folder string) error {
	a.Packages = 0
	for d := jsontext.NewDecoder(bytes.NewReader(out)); ; {
		var m message
		if err := json.UnmarshalDecode(d, &m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("cannot read the output of govulncheck: %w", err)
		}
		if m.SBOM != nil {
			a.Packages = len(m.SBOM.Roots)
			for _, module := range m.SBOM.Modules {
				a.loaded[module.Path] = true
			}
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		trace := m.Finding.Trace
		for i := range trace {
			f := &trace[i]
			if f.own = f.Module == name; f.own && f.Position != nil {
				f.Position.Filename = path.Join(folder, f.Position.Filename)
			}
		}
		k := key{m.Finding.OSV, trace[0].Module}
		if a.found[k] == nil {
			a.found[k] = &found{}
		}
		a.found[k].add(trace)
	}
	if a.Packages == 0 {
		return errors.New("govulncheck examined no packages")
	}
	return nil
}
