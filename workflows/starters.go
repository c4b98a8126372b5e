// Package workflows embeds the starters that a team copies, so that goldenpath init writes
// exactly these files.
package workflows

import "embed"

// Starters are the files of this folder.
//
//go:embed *.yml
var Starters embed.FS
