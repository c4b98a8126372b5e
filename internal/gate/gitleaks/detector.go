package gitleaks

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
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

// detector applies the default rules of the library, and ours.
type detector struct {
	// The first two apply to the parts of a text that may be encoded, and decode them. The
	// others decode nothing.
	text   *detect.Detector // every rule
	hidden *detect.Detector // for the readable parts of a binary file: every rule but generic and jwt
	plain  *detect.Detector // every rule but generic
	any    *detect.Detector // the generic rule alone
	binary *detect.Detector // as hidden
	forms  *detect.Detector // the rules that need no word beside the secret
	own    *own
	skip   []*config.Allowlist
	paths  sync.Map // path → whether the rules skip it
}

func newDetector(ctx context.Context) (*detector, error) {
	silence()
	rules, err := allRules()
	if err != nil {
		return nil, err
	}
	cfg := rules.library
	d := &detector{own: newOwn(rules.tokens, rules.files), skip: cfg.Allowlists}
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
	encoded := maps.Clone(all) // own sees only what is not encoded
	maps.Copy(encoded, rules.tokens)
	delete(encoded, "internal-url-password")
	if r, ok := encoded["url-password"]; ok {
		r.Regex = anyAddress
		encoded[r.RuleID] = r
	}
	d.text = newLibrary(ctx, cfg, encoded, depth)
	d.plain = newLibrary(ctx, cfg, others(all, generic), 0)
	d.any = newLibrary(ctx, cfg, map[string]config.Rule{generic: all[generic]}, 0)
	d.hidden = newLibrary(ctx, cfg, others(all, generic, "jwt"), depth)
	d.binary = newLibrary(ctx, cfg, others(all, generic, "jwt"), 0)
	d.forms = newLibrary(ctx, cfg, distinct(all), 0)
	return d, nil
}

// anyAddress takes the place of the expression of url-password for what is encoded. The
// library applies it to the whole text, which is fast only if it begins with fixed letters.
var anyAddress = regexp.MustCompile(`://[^\s:/?#@'"<>{}$]{0,80}:([^\s/?#@'"<>{}]{8,100})@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9]+(?::[0-9]{1,5})?`)

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

// distinct returns the rules that recognise a secret by its own form. In lock files and
// minified code the others match hashes.
func distinct(rules map[string]config.Rule) map[string]config.Rule {
	left := others(rules, generic, "jwt", "jwt-base64")
	maps.DeleteFunc(left, func(_ string, r config.Rule) bool { return wordInFront.MatchString(expression(r)) })
	return left
}

// skips reports whether the default rules leave out this path, as they do for lock files,
// images and vendored modules. Such files are examined with the rules of distinct. name is relative to the repository; otherwise a checkout below
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
