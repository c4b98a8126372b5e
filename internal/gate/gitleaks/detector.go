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

// silence turns off the library's global logger, which writes to standard error and, at
// trace level, prints secrets. Its warnings concern reading files and running git,
// which this package does itself.
var silence = sync.OnceFunc(func() { logging.Logger = zerolog.Nop() })

// depth is how many layers of base64, hex or percent encoding are decoded, as the
// gitleaks command does by default.
const depth = 5

// detector applies the default rules of the library.
type detector struct {
	text   *detect.Detector // every rule; encoded text is decoded
	plain  *detect.Detector // every rule but generic; nothing is decoded
	any    *detect.Detector // the generic rule alone; nothing is decoded
	binary *detect.Detector // the rules that recognise a secret by its form
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
	// The detector would match the paths of the allow-list, 25 expressions, for each
	// piece of a file. skips matches once for each path.
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

// others returns the rules except the named ones.
func others(rules map[string]config.Rule, without ...string) map[string]config.Rule {
	left := map[string]config.Rule{}
	for name, r := range rules {
		if !slices.Contains(without, name) {
			left[name] = r
		}
	}
	return left
}

// skips reports whether the rules ignore this path, as they do for lock files, images
// and vendored modules. name is relative to the repository; otherwise a checkout below
// a folder named vendor would be skipped completely.
func (d *detector) skips(name string) bool {
	if known, ok := d.paths.Load(name); ok {
		return known.(bool)
	}
	skip := slices.ContainsFunc(d.skip, func(a *config.Allowlist) bool { return a.PathAllowed(name) })
	d.paths.Store(name, skip)
	return skip
}

// isPicture reports whether a path names an image, a font or a video.
func isPicture(name string) bool { return picture.MatchString(name) }

var picture = regexp.MustCompile(`(?i)\.(?:bmp|gif|jpe?g|png|svg|tiff?|ico|webp|avif|eot|[ot]tf|woff2?|mp[34]|mov|webm)$`)

// piece is a part of the text of a file.
type piece struct {
	path   string
	line   int    // of its first line, counted from 1; 0: without line numbers
	commit string // empty: in the tree
	text   string
	binary bool // only the rules that recognise a secret by its form apply
}

// look passes each secret in a piece to add. detect.DetectSource is not used because it
// only logs the errors of a source.
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
			// As in the library: a rule that recognises the secret by its form takes precedence.
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

// guard wraps do and turns a panic of the library into an error, because the caller's
// recover does not cover other goroutines. The panic's value is left out: it may
// contain a secret.
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
