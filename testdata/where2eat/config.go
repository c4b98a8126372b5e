package main

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

type config struct {
	address  string
	database string
	flags    string // path, may be empty
}

// configure reads the configuration from the environment. Without HOST the service listens on 127.0.0.1 only.
func configure(getenv func(string) string) (config, error) {
	port := cmp.Or(getenv("PORT"), "8080")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return config{}, fmt.Errorf("PORT=%s: set it to a number from 0 (any free port) to 65535", port)
	}
	return config{
		address:  net.JoinHostPort(cmp.Or(getenv("HOST"), "127.0.0.1"), port),
		database: filepath.Join(cmp.Or(getenv("DATA_DIR"), getenv("GOLDENPATH_DATA"), "."), "where2eat.db"),
		flags:    getenv("FLAGS"),
	}, nil
}
