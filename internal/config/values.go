package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

var days = regexp.MustCompile(`^([0-9]+)d`)

// ParseDuration parses a duration such as 30m, 24h or 7d.
func ParseDuration(s string) (time.Duration, error) {
	rest, whole := s, time.Duration(0)
	if m := days.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 3650 {
			return 0, fmt.Errorf("%q is no duration such as 30m, 24h or 7d", s)
		}
		whole, rest = time.Duration(n)*24*time.Hour, strings.TrimPrefix(s, m[0])
		if rest == "" {
			return whole, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no duration such as 30m, 24h or 7d", s)
	}
	return whole + d, nil
}

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(b []byte) error {
	var s string
	if err := yaml.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := ParseDuration(s)
	*d = Duration(v)
	return err
}

// UnmarshalYAML reads a number of bytes.
func (s *Size) UnmarshalYAML(b []byte) error {
	var text string
	if err := yaml.Unmarshal(b, &text); err != nil {
		return err
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n > 1<<50 {
		return fmt.Errorf("%q is no size such as 500MB", text)
	}
	*s = Size(n)
	return nil
}

// UnmarshalYAML reads commands in the order they are written. Each is a string,
// or a mapping with run, junit and timeout.
func (s *Steps) UnmarshalYAML(n ast.Node) error {
	for _, v := range mappingValues(n) {
		step, err := readStep(v)
		if err != nil {
			return err
		}
		*s = append(*s, step)
	}
	return nil
}

// UnmarshalYAML reads the battery: smoke is a list of requests, everything else
// a command.
func (b *Battery) UnmarshalYAML(n ast.Node) error {
	for _, v := range mappingValues(n) {
		if v.Key.GetToken().Value == "smoke" {
			if err := yaml.NodeToValue(v.Value, &b.Smoke); err != nil {
				return err
			}
			continue
		}
		step, err := readStep(v)
		if err != nil {
			return err
		}
		b.Steps = append(b.Steps, step)
	}
	return nil
}

func mappingValues(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func readStep(v *ast.MappingValueNode) (Step, error) {
	step := Step{Name: v.Key.GetToken().Value}
	if _, mapping := v.Value.(*ast.MappingNode); !mapping {
		if _, one := v.Value.(*ast.MappingValueNode); !one {
			return step, yaml.NodeToValue(v.Value, &step.Run)
		}
	}
	var long struct {
		Run     string   `yaml:"run"`
		JUnit   string   `yaml:"junit"`
		Timeout Duration `yaml:"timeout"`
	}
	if err := yaml.NodeToValue(v.Value, &long); err != nil {
		return step, err
	}
	step.Run, step.JUnit, step.Timeout = long.Run, long.JUnit, long.Timeout
	return step, nil
}

// patternWord says what a schema pattern stands for.
func patternWord(pattern string) string {
	switch {
	case strings.Contains(pattern, "ms|s|m|h"):
		return "duration such as 30m, 24h or 7d"
	case strings.Contains(pattern, "[KMGT]"):
		return "size such as 500MB"
	case strings.HasPrefix(pattern, "^/"):
		return "path that begins with /"
	case strings.HasPrefix(pattern, "^[a-z0-9]([-a-z0-9]"):
		return "name: lower-case letters, digits and hyphens, at most 40"
	case strings.HasPrefix(pattern, "^[0-9]+(:"):
		return "numeric user such as 65532 or 65532:65532: a name cannot be checked for root"
	case strings.HasPrefix(pattern, "^[A-Za-z_]"):
		return "name of an environment variable"
	}
	return "image repository such as ghcr.io/owner/app, without tag or digest"
}
