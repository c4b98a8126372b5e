package gitleaks

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

var (
	//go:embed rules/tokens.toml
	tokenRules string
	//go:embed rules/files.toml
	fileRules string
)

// parseRules reads a configuration in gitleaks' format. detect.NewDetectorDefaultConfig
// would read it through viper's global instance.
func parseRules(text string) (config.Config, error) {
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(strings.NewReader(text)); err != nil {
		return config.Config{}, err
	}
	var rules config.ViperConfig
	if err := v.Unmarshal(&rules); err != nil {
		return config.Config{}, err
	}
	return rules.Translate()
}

// ruleSet is the default configuration of gitleaks, and our rules by id.
type ruleSet struct {
	library config.Config
	tokens  map[string]config.Rule // apply everywhere
	files   map[string]config.Rule // apply to files with certain paths
}

func allRules() (s ruleSet, err error) {
	if s.library, err = parseRules(config.DefaultConfig); err != nil {
		return s, err
	}
	for id, r := range s.library.Rules {
		r.Regex = widened(r)
		s.library.Rules[id] = r
	}
	tokens, err := parseRules(tokenRules)
	if err != nil {
		return s, fmt.Errorf("tokens.toml: %w", err)
	}
	files, err := parseRules(fileRules)
	s.tokens, s.files = tokens.Rules, files.Rules
	if err != nil {
		return s, fmt.Errorf("files.toml: %w", err)
	}
	return s, nil
}

// What must follow a secret. The library's rules allow only white space, a quote, a
// semicolon and the like, so they miss a token in <token>…</token> and in ?key=…&x.
const (
	afterLibrary = "(?:[\\x60'\"\\s;]|\\\\[nr]|$)"
	afterToken   = `(?:[^A-Za-z0-9_-]|$)`
	afterBase64  = `(?:[^A-Za-z0-9_+/=-]|$)` // after a secret that base64 data may resemble
)

// widened returns the expression for a library's rule. If it recognises a secret by its
// own form, anything may follow that cannot be a part of the secret.
func widened(r config.Rule) *regexp.Regexp {
	if r.Regex == nil || !hasForm(r) {
		return r.Regex
	}
	if r.RuleID == privateKey {
		return regexp.MustCompile(keyBlock)
	}
	form, ok := strings.CutSuffix(r.Regex.String(), afterLibrary)
	if !ok {
		return r.Regex
	}
	if r.RuleID == "square-access-token" || strings.Contains(form, "+/") {
		return regexp.MustCompile(form + afterBase64)
	}
	return regexp.MustCompile(form + afterToken)
}

// hasForm reports whether a library's rule recognises a secret by its own form. Its other
// rules need a word in front of it, such as the name of a service, and any value follows.
// Two rules have a form among others: any hash, or any call of 24 letters. What they
// recognise by its form has a rule of ours.
func hasForm(r config.Rule) bool {
	return !wordInFront.MatchString(expression(r)) && r.RuleID != "sourcegraph-access-token" && r.RuleID != "vault-service-token"
}

// wordInFront matches the beginning of the expressions that the library's
// GenerateSemiGenericRegex makes.
var wordInFront = regexp.MustCompile(`^(?:\(\?i\))?\[\\w\.-\]\{0,50\}\?`)

// expression returns the text of a rule's expression, or "" if it has none.
func expression(r config.Rule) string {
	if r.Regex == nil {
		return ""
	}
	return r.Regex.String()
}
