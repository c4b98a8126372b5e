package terraform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/hashicorp/terraform-exec/tfexec"
)

// session is one use of Terraform. It holds the lock on Target.Data, where Terraform keeps
// its selected workspace.
type session struct {
	t         *Target
	tf        *tfexec.Terraform
	binary    string
	product   string // tofu or terraform
	version   string // "Terraform 1.11.4"
	dir       string
	data      string // TF_DATA_DIR
	tmp       string // removed with the session
	lock      *flock.Flock
	conf      *configuration
	env       map[string]string
	secrets   map[string]string // by variable
	hidden    []string          // values that no message shows, the longest first
	workspace string            // the current one
}

// find returns the absolute path of the OpenTofu or Terraform program.
func (t *Target) find(ctx context.Context) (string, error) {
	names := []string{"tofu", "terraform"}
	if t.Binary != "" {
		names = []string{t.Binary}
	}
	for _, name := range names {
		p, err := exec.LookPath(name)
		if err == nil {
			return filepath.Abs(p)
		}
	}
	if t.Binary != "" {
		return "", fmt.Errorf("cannot find %s: %w: install it, or configure another program", t.Binary, exec.ErrNotFound)
	}
	if t.Install != nil {
		return t.Install(ctx)
	}
	return "", ErrNoBinary
}

// enter locks Target.Data; if another session holds the lock, enter waits. workspace is
// "" if the session uses several workspaces.
func (t *Target) enter(ctx context.Context, workspace string) (*session, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	s := &session{t: t, workspace: workspace}
	var err error
	if s.binary, err = t.find(ctx); err != nil {
		return nil, err
	}
	s.product = strings.TrimSuffix(filepath.Base(s.binary), ".exe")
	if s.conf, err = readConfiguration(t.Dir, t.shown(), s.product == "tofu"); err != nil {
		return nil, err
	}
	if err := s.checkState(); err != nil {
		return nil, err
	}
	root, err := filepath.Abs(t.Data)
	if err == nil {
		s.dir, err = filepath.Abs(t.Dir)
	}
	if err == nil {
		err = os.MkdirAll(root, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot create %s: %w", t.Data, err)
	}
	if err := s.acquire(ctx, filepath.Join(root, "lock")); err != nil {
		return nil, err
	}
	if err := s.prepare(root); err != nil {
		s.leave()
		return nil, err
	}
	return s, nil
}

// lockPoll is how often acquire tries to lock Target.Data.
const lockPoll = 20 * time.Millisecond

func (s *session) acquire(ctx context.Context, path string) error {
	s.lock = flock.New(path)
	wait, cancel := context.WithTimeout(ctx, s.t.lockTimeout())
	defer cancel()
	if _, err := s.lock.TryLockContext(wait, lockPoll); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("cannot lock %s: %w", path, err)
		}
		b, _ := os.ReadFile(path)
		return fmt.Errorf("cannot lock %s: process %.10s holds the lock: wait until it ends, or use another folder", path, b)
	}
	_ = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600)
	return nil
}

// prepare creates the session's folders, and removes the folders of killed sessions.
func (s *session) prepare(root string) error {
	old, _ := filepath.Glob(filepath.Join(root, "run-*"))
	for _, dir := range old {
		_ = os.RemoveAll(dir)
	}
	s.data = filepath.Join(root, "terraform")
	var err error
	if s.tmp, err = os.MkdirTemp(root, "run-"); err != nil {
		return fmt.Errorf("cannot create a folder for variables and plan: %w", err)
	}
	s.env = environ(os.Environ(), s.t.Env, s.data)
	// Shared by the configurations of a repository. Terraform verifies what is in it against
	// .terraform.lock.hcl.
	if s.env["TF_PLUGIN_CACHE_DIR"] == "" && s.env["TF_CLI_CONFIG_FILE"] == "" {
		s.env["TF_PLUGIN_CACHE_DIR"] = filepath.Join(filepath.Dir(root), "plugins")
		if err := os.MkdirAll(s.env["TF_PLUGIN_CACHE_DIR"], 0o700); err != nil {
			return fmt.Errorf("cannot create the folder for providers: %w", err)
		}
	}
	for k, v := range s.env {
		if strings.HasPrefix(k, "TF_VAR_") {
			if d := s.conf.variables[strings.TrimPrefix(k, "TF_VAR_")]; d != nil && d.sensitive {
				s.hide(v)
			}
		}
	}
	if s.t.Kubeconfig != "" {
		file := filepath.Join(s.tmp, "kubeconfig")
		if err := os.WriteFile(file, []byte(s.t.Kubeconfig), 0o600); err != nil {
			return fmt.Errorf("cannot write the kubeconfig for Terraform: %w", err)
		}
		s.env["KUBE_CONFIG_PATH"] = file
	}
	for k, v := range s.t.Env {
		if Confidential(k) {
			s.hide(v)
		}
	}
	if s.tf, err = tfexec.NewTerraform(s.dir, s.binary); err != nil {
		return err
	}
	if err := s.tf.SetWaitDelay(s.t.grace()); err != nil {
		return err
	}
	return s.tf.SetEnv(forLibrary(s.env))
}

// confidential matches names of settings and variables whose values are not shown.
var confidential = regexp.MustCompile(`(?i)token|password|passphrase|secret|key_id|access_key|sas|conn|cred|username|encryption`)

// Confidential reports whether the value of a setting or a variable of this name may be
// confidential.
func Confidential(name string) bool { return confidential.MatchString(name) }

// Settings returns the settings of a backend, key=value, without those that may be
// confidential.
func Settings(backend map[string]string) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(backend)) {
		if !Confidential(key) {
			all = append(all, key+"="+backend[key])
		}
	}
	return all
}

func (s *session) leave() {
	if s.tmp != "" {
		_ = os.RemoveAll(s.tmp)
	}
	_ = s.lock.Unlock()
}

// init initialises providers, modules and the backend. Before that, it clears the
// workspace that an earlier session selected, because Terraform does not initialise if
// the selected workspace no longer exists.
func (s *session) init(ctx context.Context) error {
	if err := os.Remove(filepath.Join(s.data, "environment")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot clear the last workspace: %w", err)
	}
	v, _, err := s.tf.Version(ctx, true)
	if err != nil {
		return s.explain(ctx, "version", err)
	}
	s.version = "Terraform " + v.String()
	if s.product == "tofu" {
		s.version = "OpenTofu " + v.String()
	}
	opts := []tfexec.InitOption{tfexec.Reconfigure(s.conf.backend != "cloud")}
	for k, v := range s.t.Backend {
		opts = append(opts, tfexec.BackendConfig(k+"="+v))
	}
	if err := s.tf.Init(ctx, opts...); err != nil {
		return s.explain(ctx, "init", err)
	}
	return nil
}

// open begins a session, and selects the environment's workspace. It reports whether
// that workspace exists.
func (t *Target) open(ctx context.Context, environment string) (*session, bool, error) {
	workspace, err := t.workspace(environment)
	if err != nil {
		return nil, false, err
	}
	s, err := t.enter(ctx, workspace)
	if err != nil {
		return nil, false, err
	}
	err = s.init(ctx)
	there := false
	if err == nil {
		there, err = s.selectWorkspace(ctx)
	}
	if err != nil {
		s.leave()
		return nil, false, err
	}
	return s, there, nil
}
