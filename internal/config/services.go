package config

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// Services are what an app needs beside it.
type Services struct {
	Postgres Service `yaml:"postgres"`
	Redis    Service `yaml:"redis"`
}

// Service is a server. The zero value means that there is none.
type Service struct {
	Version int    // major
	Image   string // by digest; "": the official image
}

// UnmarshalYAML reads a server: a version, or a mapping with version and image.
func (p *Service) UnmarshalYAML(b []byte) error {
	if err := yaml.Unmarshal(b, &p.Version); err == nil {
		return nil
	}
	var long struct {
		Version int    `yaml:"version"`
		Image   string `yaml:"image"`
	}
	if err := yaml.Unmarshal(b, &long); err != nil {
		return fmt.Errorf("cannot read a service: %w: write its major version, such as 16", err)
	}
	p.Version, p.Image = long.Version, long.Image
	return nil
}

// Variables are the names of variables that commands receive from the caller.
type Variables struct {
	Checks  []string `yaml:"checks"`
	Build   []string `yaml:"build"`
	Seed    []string `yaml:"seed"`
	Battery []string `yaml:"battery"`
}

// Place returns where a key is written, such as ".goldenpath.yml:12:5". If the key is not
// in the file, it returns the place of the closest key around it.
func (c *Config) Place(path ...string) string {
	body, problems := readYAML(c.source)
	if len(c.source) == 0 || len(problems) > 0 {
		return File
	}
	p := at(newDocument(body).at(slices.Clone(path)).node(), "")
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}
