package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// mixEntry matches the beginning of an entry of mix.lock.
var (
	mixEntry = regexp.MustCompile(`^\s*"([^"]+)":\s*\{:(\w+),\s*(.*)$`)
	mixHex   = regexp.MustCompile(`^:"?([^",\s]+)"?,\s*"([^"]+)"`)
	mixGit   = regexp.MustCompile(`^"[^"]*",\s*"([0-9a-f]{40})"`)
)

// readMix reads mix.lock: an Elixir map with an entry on each line.
func readMix(f file) ([]Package, error) {
	text := bytes.TrimSpace(f.text)
	if !bytes.HasPrefix(text, []byte("%{")) || !bytes.HasSuffix(text, []byte("}")) || !balanced(text) {
		return nil, errors.New("the file is not a complete map of Elixir")
	}
	var all []Package
	n := 0
	for line := range strings.Lines(string(f.text)) {
		n++
		line = strings.TrimSpace(line)
		switch line {
		case "", "%{", "}", "%{}":
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.TrimPrefix(line, "%{")
		m := mixEntry.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("line %d is not an entry of mix.lock", n)
		}
		p := Package{Name: m[1], Line: n}
		switch m[2] {
		case "hex":
			v := mixHex.FindStringSubmatch(m[3])
			if v == nil {
				return nil, fmt.Errorf("line %d: the package has no version", n)
			}
			p.Name, p.Version = v[1], v[2]
		case "git":
			p.Origin = Git
			if v := mixGit.FindStringSubmatch(m[3]); v != nil {
				p.Commit = v[1]
			}
		case "path":
			p.Origin = Own
		default:
			return nil, fmt.Errorf("line %d: the source %q is unknown", n, m[2])
		}
		all = append(all, p)
	}
	return all, nil
}

// balanced reports whether every brace outside of a text is closed.
func balanced(b []byte) bool {
	open, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			open++
		case c == '}':
			open--
		}
	}
	return open == 0 && !quoted
}
