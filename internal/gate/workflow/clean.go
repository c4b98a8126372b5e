package workflow

import (
	"regexp"
	"strings"
)

// unsafeCharacters have a meaning in a shell, or in a file of the runner.
const unsafeCharacters = "$`\"'\\;&|<>(){}*?!=\n\r"

var classes = strings.NewReplacer("[:alnum:]", "a", "[:alpha:]", "a", "[:digit:]", "0", "[:lower:]", "a", "[:upper:]", "A", "[:xdigit:]", "0", "[:space:]", " ", "[:blank:]", " ",
	`\n`, "", `\012`, "", `\r`, "", `\t`, "", `\s`, "", `\d`, "0", `\w`, "a", `\-`, "-", `\.`, ".", `\/`, "/", `\_`, "_", `\\n`, "")

// safeSet reports whether a set of characters, such as a-z0-9_-, has none with a meaning
// in a shell.
func safeSet(set string) bool {
	set = classes.Replace(set)
	for i := 0; i < len(set); i++ {
		if strings.IndexByte(unsafeCharacters, set[i]) >= 0 || set[i] == '[' || set[i] == ']' || set[i] > '~' && set[i] < 0x80 {
			return false
		}
		if i+2 < len(set) && set[i+1] == '-' {
			a, b := set[i], set[i+2]
			digits, small, big := a >= '0' && b <= '9', a >= 'a' && b <= 'z', a >= 'A' && b <= 'Z'
			if !digits && !small && !big {
				return false
			}
			i += 2
		}
	}
	return set != ""
}

var (
	substitution = regexp.MustCompile(`^s(.)(.+)$`)
	onlyClass    = regexp.MustCompile(`^\(?\[\^((?:\[:\w+:\]|[^\]])+)\]\)?(?:\\?\+|\*|\\?\{[\d,]+\\?\})?$`)
	extraction   = regexp.MustCompile(`^(?:\^|\.\*|\^\.\*).*?\\?\(((?:[^()\\]|\\[^()])+)\\?\).*(?:\$|\.\*|\.\*\$)$`)
)

// keepsOnly reports whether a command of sed, such as s/[^a-z]/-/g, keeps only harmless
// characters.
func keepsOnly(command string) bool {
	from, to, flags, ok := substitutes(command)
	m := onlyClass.FindStringSubmatch(from)
	return ok && m != nil && safeSet(m[1]) && strings.Contains(flags, "g") && (to == "" || safeSet(to))
}

// extracts reports whether a command of sed -n prints only a harmless part of a line.
func extracts(command string) bool {
	from, to, flags, ok := substitutes(command)
	m := extraction.FindStringSubmatch(from)
	return ok && m != nil && safePattern(m[1]) && to == `\1` && strings.Contains(flags, "p")
}

func substitutes(command string) (from, to, flags string, ok bool) {
	m := substitution.FindStringSubmatch(strings.TrimSpace(command))
	if m == nil {
		return "", "", "", false
	}
	parts := strings.Split(strings.ReplaceAll(m[2], `\`+m[1], "\x00"), m[1])
	if len(parts) != 3 {
		return "", "", "", false
	}
	restore := func(s string) string { return strings.ReplaceAll(s, "\x00", `\`+m[1]) }
	return restore(parts[0]), restore(parts[1]), parts[2], true
}

var (
	inBrackets = regexp.MustCompile(`\[((?:\[:\w+:\]|[^\]])+)\]`)
	harmless   = regexp.MustCompile(`^(?:[\w\s/:@,%#-]|\\[dwbKs./+?(){}|-]|\(\?(?:<?[=!]|:)|[\^$+?*(){}|])*$`)
)

// safePattern reports whether everything that a regular expression matches has only
// harmless characters.
func safePattern(p string) bool {
	safe := true
	p = inBrackets.ReplaceAllStringFunc(p, func(m string) string {
		set := m[1 : len(m)-1]
		safe = safe && !strings.HasPrefix(set, "^") && safeSet(set)
		return "a"
	})
	return safe && harmless.MatchString(p)
}
