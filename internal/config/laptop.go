package config

import (
	"maps"
	"slices"
)

// localPrefix begins the name of an environment that a run on this machine uses instead of
// an environment on another target.
const localPrefix = "local-"

// processTarget is the target that runs environments on this machine.
const processTarget = "process"

// Laptop returns the configuration for a run on this machine. An environment whose target
// is not process is replaced by an environment local-NAME with target process, so that a
// release on this machine never has the name of an environment on a cluster. The order of
// promotion, soaks, variables and secrets are kept; the keys of the other target are not.
// An environment whose target is process, or one of keep, keeps its name and its target.
func Laptop(c *Config, keep ...string) *Config {
	out := *c
	if !slices.Contains(keep, c.Preview.Target) {
		out.Preview.Deploy = c.Preview.onThisMachine()
	}
	out.Environments = make(map[string]Environment, len(c.Environments))
	for name, e := range c.Environments {
		if !slices.Contains(keep, e.Target) {
			e.Deploy = e.onThisMachine()
			e.Namespace = ""
		}
		if e.From != "" {
			e.From = c.LocalName(e.From, keep...)
		}
		out.Environments[c.LocalName(name, keep...)] = e
	}
	return &out
}

// LocalName returns the name that Laptop gives to an environment of c.
func (c *Config) LocalName(environment string, keep ...string) string {
	if t := c.Environments[environment].Target; t == processTarget || slices.Contains(keep, t) {
		return environment
	}
	return localPrefix + environment
}

// onThisMachine returns d for target process: without the keys of other targets.
func (d Deploy) onThisMachine() Deploy {
	return Deploy{Target: processTarget, Env: maps.Clone(d.Env), Secrets: maps.Clone(d.Secrets), Migrate: d.Migrate}
}
