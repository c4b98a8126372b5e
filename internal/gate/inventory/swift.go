package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"strconv"
	"strings"
)

// readSwift reads Package.resolved. OSV names a package by its address without scheme.
func readSwift(f file) ([]Package, error) {
	type state struct {
		Version  string `json:"version"`
		Revision string `json:"revision"`
	}
	type pin struct {
		Kind       string `json:"kind"`
		Identity   string `json:"identity"`
		Location   string `json:"location"`
		Repository string `json:"repositoryURL"` // of version 1
		State      state  `json:"state"`
	}
	var lock struct {
		Version int   `json:"version"`
		Pins    []pin `json:"pins"`
		Object  struct {
			Pins []pin `json:"pins"`
		} `json:"object"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Version < 1 || lock.Version > 3 {
		return nil, unknownVersion("version", strconv.Itoa(lock.Version), "1", "2", "3")
	}
	if lock.Pins == nil && lock.Object.Pins == nil {
		return nil, fmt.Errorf("the file has no pins: %w", errNotWhole)
	}
	at := elementLines(f.text, "pins")
	var all []Package
	for i, p := range append(lock.Pins, lock.Object.Pins...) {
		address := p.Location
		if address == "" {
			address = p.Repository
		}
		if address == "" && p.Identity == "" {
			return all, fmt.Errorf("line %d: the pin has no address", at(i))
		}
		out := Package{Name: swiftName(address), Version: p.State.Version, Line: at(i)}
		if out.Name == "" {
			out.Name = p.Identity
		}
		switch {
		case p.Kind == "localSourceControl", p.Kind == "fileSystem":
			out.Origin = Own
		case out.Version == "":
			out.Origin, out.Commit = Git, p.State.Revision
		}
		all = append(all, out)
	}
	return all, nil
}

// swiftName returns host and path of an address.
func swiftName(address string) string {
	_, name, ok := strings.Cut(address, "://")
	if !ok { // git@host:path
		name = strings.Replace(address, ":", "/", 1)
	}
	if i := strings.Index(name, "@"); i >= 0 && i < strings.Index(name+"/", "/") {
		name = name[i+1:]
	}
	return strings.TrimSuffix(strings.TrimSuffix(name, "/"), ".git")
}
