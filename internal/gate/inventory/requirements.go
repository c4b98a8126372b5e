package inventory

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// requirementsName matches the usual names of files in pip's format, and requirementsFolder
// those of folders with such files.
var (
	requirementsName   = regexp.MustCompile(`(?i)^(.*[-_.])?(requirements?|constraints?|reqs?)([-_.].*)?\.(txt|in|pip|lock)$|^requirements$`)
	requirementsFolder = regexp.MustCompile(`(?i)^(.*[-_.])?(requirements?|reqs)([-_.].*)?$`)
)

func isRequirements(base, name string) bool {
	return requirementsName.MatchString(base) || requirementsFolder.MatchString(path.Base(path.Dir(name))) && slices.Contains([]string{".txt", ".in", ".pip"}, path.Ext(base))
}

// requirement matches the beginning of a requirement of PEP 508: the name and the extras.
var requirement = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*`)

// Unreadable begins the range of an entry that is a file which cannot be read. The reason
// follows.
const Unreadable = "unreadable: "

// requirementLine is a logical line of a requirements file.
type requirementLine struct {
	text string
	line int
}

// readRequirements reads a file in pip's format, with the files that it includes. A
// constraint gives a version only to a package that is required without one.
func readRequirements(f file) ([]Package, error) {
	if strings.HasSuffix(f.name, ".lock") && helmLock.Match(f.text) {
		return nil, nil
	}
	r := &requirementsReader{seen: map[string]bool{}, pins: map[string][]string{}}
	if err := r.read(f, false); err != nil {
		return nil, err
	}
	if r.bad != nil && len(r.all) == 0 && isProse(f.text) {
		return nil, nil
	}
	var all []Package
	for _, p := range r.all {
		pins := r.pins[lockfile.PyPIName(p.Name)]
		if p.Version != "" || p.Origin != "" || len(pins) == 0 {
			pins = []string{p.Version}
		}
		for _, pin := range pins { // markers may choose one of several
			if p.Version = pin; pin != "" {
				p.Range = ""
			}
			all = append(all, p)
		}
	}
	return all, r.bad
}

// helmLock matches requirements.lock of Helm 2, which names charts.
var helmLock = regexp.MustCompile(`(?m)^dependencies:`)

// isProse reports whether every line is a sentence, as in software-requirements.txt.
func isProse(text []byte) bool {
	return !slices.ContainsFunc(requirementLines(text), func(l requirementLine) bool {
		return len(strings.Fields(l.text)) < 3 || strings.ContainsAny(l.text, "=<>@;")
	})
}

// Includes returns the files that a requirements file includes, and the files of
// constraints, by their paths in the repository. A file with -c counts as such only if its
// name says so: pip-tools writes -c requirements.txt into the layers above that file.
func Includes(name string, content []byte) (included, constraints []string) {
	text, err := decode(content)
	if k := formatOf(name); err != nil || k == nil || k.name != "requirements" {
		return nil, nil
	}
	for _, l := range requirementLines(text) {
		option, value := pipOption(l.text)
		other := path.Join(path.Dir(name), strings.Trim(value, `"'`))
		switch option {
		case "-r", "--requirement":
			included = append(included, other)
		case "-c", "--constraint":
			if strings.Contains(strings.ToLower(path.Base(other)), "constraint") {
				constraints = append(constraints, other)
			}
		}
	}
	return included, constraints
}

type requirementsReader struct {
	all  []Package
	pins map[string][]string // of constraints, by normalized name
	seen map[string]bool
	bad  error // about the first line that is not a requirement
}

func (r *requirementsReader) read(f file, constraints bool) error {
	key := f.name
	if constraints {
		key += " constraints"
	}
	if r.seen[key] {
		return nil
	}
	r.seen[key] = true
	for _, l := range requirementLines(f.text) {
		option, value := pipOption(l.text)
		switch option {
		case "":
		case "-r", "--requirement", "-c", "--constraint":
			other, ok := f.beside(strings.Trim(value, `"'`))
			if !ok {
				r.all = append(r.all, Package{Name: value, Range: Unreadable + "not in the repository", File: f.name, Line: l.line})
				continue
			}
			if err := r.read(other, constraints || option == "-c" || option == "--constraint"); err != nil {
				return err
			}
			continue
		case "-e", "--editable":
			r.all = append(r.all, addressed(value, f.name, l.line))
			continue
		default:
			continue // options that name no package
		}
		p, ok := parseRequirement(l.text)
		if !ok {
			r.bad = first(r.bad, fmt.Errorf("line %d is not a requirement", l.line))
			continue
		}
		p.File, p.Line = f.name, l.line
		if constraints {
			if p.Version != "" {
				r.pins[lockfile.PyPIName(p.Name)] = append(r.pins[lockfile.PyPIName(p.Name)], p.Version)
			}
			continue
		}
		r.all = append(r.all, p)
	}
	return nil
}

// comment matches where a comment begins within a line.
var comment = regexp.MustCompile(`\s#`)

// requirementLines joins continued lines and removes comments.
func requirementLines(text []byte) []requirementLine {
	var all []requirementLine
	var held strings.Builder
	first, n := 0, 0
	for raw := range bytes.Lines(text) {
		n++
		line := strings.TrimRight(string(raw), "\r\n")
		if first == 0 {
			first = n
		}
		trimmed := strings.TrimSpace(line)
		empty := strings.HasPrefix(trimmed, "#")
		if strings.HasSuffix(line, `\`) && !empty {
			held.WriteString(strings.TrimSuffix(line, `\`) + " ")
			continue
		}
		if !empty {
			held.WriteString(line)
		}
		whole := held.String()
		if i := comment.FindStringIndex(whole); i != nil {
			whole = whole[:i[0]]
		}
		if whole = strings.TrimSpace(whole); whole != "" {
			all = append(all, requirementLine{whole, first})
		}
		held.Reset()
		first = 0
	}
	if rest := strings.TrimSpace(held.String()); rest != "" {
		all = append(all, requirementLine{rest, first})
	}
	return all
}

// pipOption splits an option and its value: -r a, -ra, --requirement a, --requirement=a.
func pipOption(line string) (option, value string) {
	if !strings.HasPrefix(line, "-") {
		return "", line
	}
	if strings.HasPrefix(line, "--") {
		i := strings.IndexAny(line, "= \t")
		if i < 0 {
			return line, ""
		}
		return line[:i], strings.TrimSpace(line[i+1:])
	}
	option = line[:min(2, len(line))]
	return option, strings.TrimSpace(strings.TrimPrefix(line[len(option):], "="))
}

// specifier matches one of the comma-separated parts of a version specifier.
var specifier = regexp.MustCompile(`^(===|==|~=|!=|<=|>=|<|>)\s*[^\s,;]+$`)

// parseRequirement reads a requirement, a path or an address. Its result is false for a
// line that is none of them.
func parseRequirement(line string) (Package, bool) {
	m := requirement.FindStringSubmatch(line)
	switch {
	case isPath(line), isArchive(line), strings.HasPrefix(line, "."), strings.HasPrefix(line, `"`):
		return addressed(line, "", 0), true
	case m == nil:
		return Package{}, false
	}
	rest := strings.TrimSpace(line[len(m[0]):])
	if strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, `\`) || strings.HasPrefix(rest, `:\`) {
		return addressed(line, "", 0), true
	}
	if address, ok := strings.CutPrefix(rest, "@"); ok {
		p := addressed(strings.TrimSpace(address), "", 0)
		p.Name = m[1]
		return p, strings.TrimSpace(address) != ""
	}
	if i := strings.Index(" "+rest, " --"); i >= 0 { // --hash
		rest = rest[:max(i-1, 0)]
	}
	rest, _, _ = strings.Cut(rest, ";")
	rest = strings.TrimSpace(rest)
	if strings.HasPrefix(rest, "(") && strings.HasSuffix(rest, ")") {
		rest = strings.TrimSpace(rest[1 : len(rest)-1])
	}
	p := Package{Name: m[1]}
	p.Version, p.Range = exactVersion(rest)
	if rest == "" {
		p.Range = "any version"
		return p, true
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, ","), ",") {
		if !specifier.MatchString(strings.TrimSpace(part)) {
			return Package{}, false
		}
	}
	return p, true
}

// exactVersion returns the version of a specifier such as ==1.0, or the specifier as a
// range if it allows several versions.
func exactVersion(specifier string) (version, rng string) {
	for part := range strings.SplitSeq(specifier, ",") {
		part = strings.TrimSpace(part)
		v, ok := strings.CutPrefix(part, "===")
		if !ok {
			v, ok = strings.CutPrefix(part, "==")
		}
		if v = strings.TrimSpace(v); ok && v != "" && !strings.HasSuffix(v, "*") && !strings.Contains(v, "$") { // ${NAME} of the environment
			return v, ""
		}
	}
	return "", specifier
}

func isArchive(reference string) bool {
	reference, _, _ = strings.Cut(reference, " ")
	for _, end := range []string{".whl", ".tar.gz", ".zip", ".tar.bz2"} {
		if strings.HasSuffix(reference, end) {
			return true
		}
	}
	return false
}

// addressed is a package that a path or an address names.
func addressed(reference, name string, line int) Package {
	reference, _, _ = strings.Cut(strings.Trim(reference, `"'`), " ")
	p := Package{Name: reference, Range: reference, File: name, Line: line}
	address, fragment, _ := strings.Cut(reference, "#")
	for part := range strings.SplitSeq(fragment, "&") {
		if egg, ok := strings.CutPrefix(part, "egg="); ok {
			p.Name, _, _ = strings.Cut(egg, "[")
		}
	}
	switch {
	case strings.HasPrefix(address, "git+"):
		p.Origin, p.Commit = Git, commitOf(address)
	case !strings.Contains(address, "://"), strings.HasPrefix(address, "file:"):
		p.Origin = Own
	}
	return p
}
