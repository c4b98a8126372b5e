package lockfile

import (
	"regexp"
	"strings"
)

// PyPIName returns a name of PyPI in the spelling in which PEP 503 compares it: in lower
// case, with one dash for each run of dashes, underscores and dots.
func PyPIName(name string) string {
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

var separators = regexp.MustCompile(`[-_.]+`)
