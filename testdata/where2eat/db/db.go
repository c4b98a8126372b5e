// Package db embeds the migrations of the database in the binary.
package db

import "embed"

// Migrations contains migrations/NNNN_name.sql, to be applied in the order of their names.
//
//go:embed migrations/*.sql
var Migrations embed.FS
