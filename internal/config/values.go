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

// ParseDuration parses a duration such as 30m, 24h or 7d, from zero to ten years.
func ParseDuration(s string) (time.Duration, error) {
	no := fmt.Errorf("%s is not a valid duration such as 30m, 24h or 7d", quote(s))
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
		return 0, fmt.Errorf("%s is not a valid size such as 500MB", quote(s))
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
