// Package workflows holds the starters that a team copies, so that goldenpath init
// writes the very files that this folder has.
package workflows

import "embed"

// Starters are the files of this folder.
//
//go:embed *.yml
var Starters embed.FS
