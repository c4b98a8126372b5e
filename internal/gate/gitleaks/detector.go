package gitleaks

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"
)

// silence turns off the library's logger. It is a variable of the library that
// writes to stderr, and at trace level it writes secrets. What it would warn
// about (files that cannot be opened, a git that fails) is an error here,
// because this package reads files and history itself.
var silence = sync.OnceFunc(func() { logging.Logger = zerolog.Nop() })

// depth is how many layers of base64, hex or percent encoding are undone: what
// the command does by default.
const depth = 5

// detector applies the rules that the library ships.
type detector struct {
	text   *detect.Detector // every rule, and what is encoded
	plain  *detect.Detector // every rule but generic, nothing is decoded
	any    *detect.Detector // generic alone, nothing is decoded
	binary *detect.Detector // the rules that know a secret by its form
	skip   []*config.Allowlist
	paths  sync.Map // path → whether the rules skip it
}

// newDetector loads the rules. detect.NewDetectorDefaultConfig would load them
// through viper's global instance.
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
	d := &detector{skip: cfg.Allowlists}
	// The detector would ask the paths of the allow-list, 25 expressions, for each
	// piece of a file again: skips asks once for each path.
	cfg.Allowlists = nil
	for _, a := range d.skip {
		b := &config.Allowlist{Description: a.Description, MatchCondition: a.MatchCondition, RegexTarget: a.RegexTarget, Regexes: a.Regexes, StopWords: a.StopWords}
		if err := b.Validate(); err != nil {
			return nil, err
		}
		cfg.Allowlists = append(cfg.Allowlists, b)
	}
	all := cfg.Rules
	d.text = newLibrary(ctx, cfg, all, depth)
	d.plain = newLibrary(ctx, cfg, others(all, generic), 0)
	d.any = newLibrary(ctx, cfg, map[string]config.Rule{generic: all[generic]}, 0)
	d.binary = newLibrary(ctx, cfg, others(all, generic, "jwt"), depth)
	return d, nil
}

func newLibrary(ctx context.Context, cfg config.Config, rules map[string]config.Rule, depth int) *detect.Detector {
	cfg.Rules = rules
	cfg.Keywords = map[string]struct{}{}
	for _, r := range rules {
		for _, k := range r.Keywords {
			cfg.Keywords[strings.ToLower(k)] = struct{}{}
		}
	}
	d := detect.NewDetectorContext(ctx, cfg)
	d.IgnoreGitleaksAllow = true
	d.MaxDecodeDepth = depth
	return d
}

// others returns the rules without those of the names.
func others(rules map[string]config.Rule, without ...string) map[string]config.Rule {
	left := map[string]config.Rule{}
	for name, r := range rules {
		if !slices.Contains(without, name) {
			left[name] = r
		}
	}
	return left
}

// skips reports whether the rules allow anything at this path: lock files,
// images, vendored modules. Paths are relative to the repository, else a
// checkout below a folder called vendor would be skipped as a whole.
func (d *detector) skips(name string) bool {
	if known, ok := d.paths.Load(name); ok {
		return known.(bool)
	}
	skip := slices.ContainsFunc(d.skip, func(a *config.Allowlist) bool { return a.PathAllowed(name) })
	d.paths.Store(name, skip)
	return skip
}

// isPicture reports whether a path is that of an image or a font, in which no one
// reads.
func isPicture(name string) bool { return picture.MatchString(name) }

var picture = regexp.MustCompile(`(?i)\.(?:bmp|gif|jpe?g|png|svg|tiff?|ico|webp|avif|eot|[ot]tf|woff2?|mp[34]|mov|webm)$`)

// piece is some text of a file.
type piece struct {
	path   string
	line   int    // of its first line, from 1; 0: it has no lines
	commit string // empty: in the tree
	text   string
	binary bool // only the rules that know a secret by its form are asked
}

// look hands what is in one piece to add. detect.DetectSource would do the same,
// but it logs the errors of a source and goes on.
func (d *detector) look(ctx context.Context, p piece, add func(secret)) {
	switch {
	case p.binary:
		p.hits(ctx, d.binary, add)
		return
	case encoded(p.text):
		p.hits(ctx, d.text, add)
		return
	}
	known := map[int][]string{} // line → secrets of the other rules
	p.hits(ctx, d.plain, func(s secret) {
		known[s.line] = append(known[s.line], s.value)
		add(s)
	})
	for _, w := range windows(p.text) {
		part := p
		part.line, part.text = p.line+w.line, w.text
		part.hits(ctx, d.any, func(s secret) {
			// The library's own filter: a rule that knows the secret's form goes before.
			if !slices.ContainsFunc(known[s.line], func(value string) bool { return strings.Contains(value, s.value) }) {
				add(s)
			}
		})
	}
}

func (p piece) hits(ctx context.Context, library *detect.Detector, add func(secret)) {
	for _, hit := range library.DetectContext(ctx, detect.Fragment{CommitSHA: p.commit, FilePath: p.path, StartLine: p.line, Raw: p.text}) {
		s := secret{
			rule: hit.RuleID, about: hit.Description, value: hit.Secret,
			path: p.path, line: hit.StartLine, column: hit.StartColumn, commit: p.commit,
		}
		switch {
		case p.line == 0:
			s.line, s.column = 0, 0
		case s.line > p.line: // the library counts from the newline
			s.column--
		}
		add(s)
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
