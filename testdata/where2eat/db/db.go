// Package db carries the migrations of the database inside the binary.
package db

import "embed"

// Migrations has migrations/NNNN_name.sql, to be applied in the order of their names.
//
//go:embed migrations/*.sql
var Migrations embed.FS
