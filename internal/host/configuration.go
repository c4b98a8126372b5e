package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// configure makes a release run what the configuration of its commit says: its variables, its
// migration, its services and when it is ready. The provenance, which is signed, names the
// commit and the digest of that configuration, so that the holder of an SSH key cannot run a
// command of their own with an image that passed. The values of secrets are the client's,
// under the names that the configuration has.
func configure(s *protocol.Spec, provenance evidence.Statement) error {
	digest, commit := configOf(provenance)
	sum := sha256.Sum256(s.Config)
	switch {
	case digest != "sha256:"+hex.EncodeToString(sum[:]):
		return errors.New("the .goldenpath.yml that was sent is not the one from which the image was built: deploy from a clone that has the commit of the image")
	case commit != s.Commit:
		return fmt.Errorf("the image was built from commit %.12s, and not from %.12s", commit, s.Commit)
	}
	c, err := config.Parse(s.Config)
	if err != nil {
		return fmt.Errorf("its .goldenpath.yml is not valid here: install the same goldenpath on the server: %w", err)
	}
	own, ok := c.Environments[s.Environment]
	if !ok {
		return fmt.Errorf("its .goldenpath.yml has no environment %s", s.Environment)
	}
	for name := range s.Secrets {
		if _, declared := own.Secrets[name]; !declared {
			return fmt.Errorf("the secret %.60s is not declared in its .goldenpath.yml", name)
		}
	}
	for name, value := range own.Env {
		if err := checkVariable(name, value); err != nil {
			return fmt.Errorf("the variable %s: %w", name, err)
		}
	}
	s.Env, s.Migrate, s.Services, s.Ready = own.Env, target.MigrationOf(own.Migrate), target.ServicesOf(c.Services), target.ReadyOf(c.ReadyOf(s.Environment))
	return nil
}

// configOf returns the digest of .goldenpath.yml and the commit that a provenance names.
func configOf(s evidence.Statement) (digest, commit string) {
	definition, _ := s.Predicate["buildDefinition"].(map[string]any)
	parameters, _ := definition["externalParameters"].(map[string]any)
	digest, _ = parameters["config"].(string)
	sources, _ := definition["resolvedDependencies"].([]any)
	if i := slices.IndexFunc(sources, func(v any) bool { m, ok := v.(map[string]any); return ok && m["digest"] != nil }); i >= 0 {
		d, _ := sources[i].(map[string]any)["digest"].(map[string]any)
		commit, _ = d["gitCommit"].(string)
	}
	return digest, commit
}
