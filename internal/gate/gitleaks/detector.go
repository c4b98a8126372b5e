package gitleaks

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"
	"github.com/zricethezav/gitleaks/v8/sources"
)

// silence turns off the library's logger. It is a variable of the library that
// writes to stderr, and at trace level it writes secrets. What it would warn
// about (files that cannot be opened, a git that fails) is an error here,
// because this package reads files and history itself.
var silence = sync.OnceFunc(func() { logging.Logger = zerolog.Nop() })

// depth is how many layers of base64, hex or percent encoding are undone: what
// the command does by default.
const depth = 5

type detector struct{ *detect.Detector }

// newDetector loads the rules the library ships. detect.NewDetectorDefaultConfig
// would load them through viper's global instance.
func newDetector(ctx context.Context) (*detector, error) {
	silence()
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(strings.NewReader(config.DefaultConfig)); err != nil {
		return nil, err
	}
	var rules config.ViperConfig
	if err := v.Unmarshal(&rules); err != nil {
		return nil, err
	}
	cfg, err := rules.Translate()
	if err != nil {
		return nil, err
	}
	d := detect.NewDetectorContext(ctx, cfg)
	d.IgnoreGitleaksAllow = true
	d.MaxDecodeDepth = depth
	return &detector{d}, nil
}

// skips reports whether the rules allow anything at this path: lock files,
// images, vendored modules. Paths are relative to the repository, else a
// checkout below a folder called vendor would be skipped as a whole.
func (d *detector) skips(name string) bool {
	for _, a := range d.Config.Allowlists {
		if a.PathAllowed(name) {
			return true
		}
	}
	return false
}

// look hands what is in one fragment to add. detect.DetectSource would do the
// same, but it logs the errors of a source and goes on.
func (d *detector) look(ctx context.Context, f sources.Fragment, add func(secret)) {
	for _, hit := range d.DetectContext(ctx, detect.Fragment(f)) {
		add(secret{
			rule: hit.RuleID, about: hit.Description, value: hit.Secret,
			path: f.FilePath, line: hit.StartLine, column: hit.StartColumn, commit: f.CommitSHA,
		})
	}
}

// guard makes a panic of the library an error: the caller's recover does not
// reach a goroutine. The panic's value may hold what was looked at.
func guard(name string, do func() error) func() error {
	return func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("gitleaks panicked over %s: %T", name, p)
			}
		}()
		return do()
	}
}
