// Package workflows embeds the starters that a team copies, so that goldenpath init writes
// exactly these files.
package workflows

import (
	"cmp"
	"embed"
	"strings"
)

// Starters are the files of this folder.
//
//go:embed *.yml
var Starters embed.FS

const original = "seed-b235b314/goldenpath"

// repository is set by the linker in a release of a fork.
var repository string

// Repository returns the repository on GitHub whose workflows and actions belong to this
// program, owner/name. A fork that makes its own releases has its own.
func Repository() string { return cmp.Or(repository, original) }

// Own replaces the name of the original repository in a text by Repository.
func Own(text string) string { return strings.ReplaceAll(text, original, Repository()) }
