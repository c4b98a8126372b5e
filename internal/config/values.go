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

var days = regexp.MustCompile(`^([0-9]{1,4})d`)

// maxDays bounds a duration: ten years.
const maxDays = 3650

// ParseDuration parses a duration such as 30m, 24h or 7d. It may be zero, not
// less.
func ParseDuration(s string) (time.Duration, error) {
	no := fmt.Errorf("%s is no duration such as 30m, 24h or 7d", quote(s))
	rest, whole := s, time.Duration(0)
	m := days.FindStringSubmatch(s)
	if m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, no
		}
		whole, rest = time.Duration(n)*24*time.Hour, strings.TrimPrefix(s, m[0])
	}
	d := time.Duration(0)
	if rest != "" || m == nil {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, no
		}
	}
	const most = maxDays * 24 * time.Hour
	if d < 0 || d > most || whole+d > most {
		return 0, no
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
	n, err := parseSize(text)
	*s = n
	return err
}

func parseSize(s string) (Size, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > 1<<50 {
		return 0, fmt.Errorf("%s is no size such as 500MB", quote(s))
	}
	return Size(n), nil
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
	case strings.Contains(pattern, "(h|m|s|ms)"):
		return "duration such as 30m, 24h or 7d"
	case strings.HasSuffix(pattern, "([KMGT]i?)?$"):
		return "quantity of memory such as 512Mi or 4Gi"
	case strings.Contains(pattern, "[KMGT]"):
		return "size such as 500MB"
	case strings.HasPrefix(pattern, "^/"):
		return "path that begins with /"
	case strings.HasPrefix(pattern, "^[a-z0-9]([-a-z0-9]{0,61}"):
		return "name of a namespace: lower-case letters, digits and hyphens, at most 63"
	case strings.HasPrefix(pattern, "^[a-z0-9]([-a-z0-9]"):
		return "name: lower-case letters, digits and hyphens, at most 40"
	case strings.HasPrefix(pattern, "^[0-9]+(:"):
		return "numeric user such as 65532 or 65532:65532: a name cannot be checked for root"
	case strings.HasPrefix(pattern, "^[A-Z][A-Za-z0-9]"):
		return "kind with its group such as Rollout.argoproj.io"
	case strings.HasPrefix(pattern, "^https?"):
		return "address such as https://pr-{number}.preview.example.com"
	case pattern == "^[A-Z]{3}$":
		return "currency such as USD or EUR"
	case strings.HasPrefix(pattern, "^[A-Za-z0-9]([-A-Za-z0-9_.]"):
		return "label: letters, digits, hyphens, underscores and dots, at most 63"
	case strings.HasSuffix(pattern, "m?$"):
		return "quantity of CPU such as 500m or 2"
	case strings.HasPrefix(pattern, "^[A-Za-z_]"):
		return "name of an environment variable: letters, digits and underscores, no digit first"
	}
	return "image repository such as ghcr.io/owner/app, without tag or digest"
}

// formatWord says what a schema format stands for. What has a pattern too is
// called the same, so that one mistake is said once.
func formatWord(got any, pattern string) string {
	if pattern != "" {
		word := patternWord(pattern)
		if s, _ := got.(string); s != "" && strings.Trim(s, "0.dhms") == "" {
			word += ": zero is not accepted, remove the key for the default"
		}
		return word
	}
	return "path inside the repository: write it relative to its root, without .."
}
