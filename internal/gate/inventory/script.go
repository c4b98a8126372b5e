package inventory

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Script is the name of the format of a program in Python that names its own dependencies
// (PEP 723): in a comment between the lines "# /// script" and "# ///".
const Script = "Python script"

func isScript(base, _ string) bool { return path.Ext(base) == ".py" }

// scriptBegin matches the first line of the block.
var scriptBegin = regexp.MustCompile(`(?m)^# /// script[ \t]*\r?$`)

// HasScript reports whether a program names its dependencies.
func HasScript(content []byte) bool {
	if bytes.HasPrefix(content, []byte{0xFF, 0xFE}) || bytes.HasPrefix(content, []byte{0xFE, 0xFF}) {
		if text, err := decode(content); err == nil {
			content = text
		}
	}
	return bytes.Contains(content, []byte("# /// script")) && scriptBegin.Match(content)
}

// readScript reads the dependencies of a program. If it has a lock file of uv, that names the
// versions.
func readScript(f file) ([]Package, error) {
	block, line, err := scriptBlock(f.text)
	if err != nil || block == "" {
		return nil, err
	}
	var about struct {
		Dependencies []string
		Tool         struct {
			UV struct {
				Sources map[string]any
			}
		}
	}
	if err := decodeTOML([]byte(block), &about); err != nil {
		return nil, fmt.Errorf("the metadata of the script: %w", err)
	}
	_, locked := f.beside(path.Base(f.name) + ".lock")
	l := lines{text: f.text, line: 0}
	for l.line < line {
		if l.next("\n") == 0 {
			break
		}
		l.skip(1)
	}
	var all []Package
	for _, text := range about.Dependencies {
		p, ok := parseRequirement(strings.TrimSpace(text))
		if !ok {
			return all, fmt.Errorf("the dependency %q of the script is not a requirement", text)
		}
		if locked && p.Version == "" {
			continue
		}
		if source, ok := about.Tool.UV.Sources[p.Name].(map[string]any); ok && p.Origin == "" {
			switch {
			case source["git"] != nil:
				p.Origin, p.Version = Git, ""
			case source["path"] != nil || source["workspace"] != nil:
				p.Origin, p.Version = Own, ""
			}
		}
		p.File, p.Line = f.name, l.next(text)
		all = append(all, p)
	}
	return all, nil
}

// scriptBlock returns the text of the block without the comment signs, and the line before it.
func scriptBlock(text []byte) (block string, line int, err error) {
	var b strings.Builder
	inside, n, begun, closed := false, 0, 0, false
	var sinceEnd strings.Builder // what follows a line that may be the last
	for raw := range bytes.Lines(text) {
		n++
		at := strings.TrimRight(string(raw), "\r\n")
		switch {
		case !inside && scriptBegin.MatchString(at):
			if begun > 0 {
				return "", 0, fmt.Errorf("line %d begins a second block of metadata of the script", n)
			}
			inside, begun, closed = true, n, false
		case !inside:
		case at == "# ///": // the last such line of the comment ends the block
			if closed {
				b.WriteString(sinceEnd.String())
				sinceEnd.Reset()
				b.WriteString("///\n")
			}
			closed = true
		case at == "#" || strings.HasPrefix(at, "# "):
			to := &b
			if closed {
				to = &sinceEnd
			}
			to.WriteString(strings.TrimPrefix(strings.TrimPrefix(at, "#"), " ") + "\n")
		default:
			inside = false
			if !closed {
				return "", 0, fmt.Errorf("the metadata of the script, which begins in line %d, has no end: %w", begun, errNotWhole)
			}
		}
	}
	if inside && !closed {
		return "", 0, fmt.Errorf("the metadata of the script, which begins in line %d, has no end: %w", begun, errNotWhole)
	}
	return b.String(), begun, nil
}
