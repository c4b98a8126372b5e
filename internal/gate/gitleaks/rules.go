package gitleaks

import (
	_ "embed"
	"fmt"
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
