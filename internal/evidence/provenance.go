package evidence

import "time"

// buildType identifies how goldenpath builds an image: it packs the result of a build
// command, or builds a Dockerfile.
const buildType = "https://github.com/seed-b235b314/goldenpath/pack/v1"

// localBuilder is the builder of an image that was built on a developer's
// machine.
const localBuilder = "https://github.com/seed-b235b314/goldenpath/run"

// Build describes how an artifact was built.
type Build struct {
	Source     string // URI of the repository: git+https://github.com/acme/where2eat
	Commit     string // full commit id
	Config     string // sha256:… of .goldenpath.yml
	Command    string // artifact.build
	Pack       string // artifact.pack
	Dockerfile string // artifact.dockerfile
	Builder    string // URI of the workflow; "": a machine of a developer
	Version    string // of goldenpath
	Invocation string // URL of the workflow run, or user@host
	Started    time.Time
	Finished   time.Time
}

// Predicate returns the build as a SLSA provenance v1 predicate.
func (b Build) Predicate() map[string]any {
	builder := b.Builder
	if builder == "" {
		builder = localBuilder
	}
	return map[string]any{
		"buildDefinition": map[string]any{
			"buildType": buildType,
			"externalParameters": map[string]any{
				"config": b.Config, "build": b.Command, "pack": b.Pack, "dockerfile": b.Dockerfile,
			},
			"resolvedDependencies": []any{
				map[string]any{"uri": b.Source, "digest": map[string]any{"gitCommit": b.Commit}},
			},
		},
		"runDetails": map[string]any{
			"builder": map[string]any{"id": builder, "version": map[string]any{"goldenpath": b.Version}},
			"metadata": map[string]any{
				"invocationId": b.Invocation,
				"startedOn":    b.Started.UTC().Format(time.RFC3339),
				"finishedOn":   b.Finished.UTC().Format(time.RFC3339),
			},
		},
	}
}
