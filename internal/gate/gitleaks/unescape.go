package gitleaks

import (
	"path"
	"slices"
	"strings"
)

// mostEscapes is how many levels of escapes are read: a log has a string in a string.
const mostEscapes = 3

// unescaped returns the lines that have an escaped quote, such as the source code in a
// notebook and the messages in a log, as a program reads them. An escaped newline begins
// a line. The second result has the line, counted from 0, that each line is from.
func unescaped(text string) (string, []int) {
	if !strings.Contains(text, `\"`) && !strings.Contains(text, `\'`) {
		return "", nil
	}
	var out strings.Builder
	var from []int
	number := 0
	for line := range strings.Lines(text) {
		if strings.Contains(line, `\"`) || strings.Contains(line, `\'`) {
			line = strings.TrimRight(line, "\r\n")
			for n := 0; n < mostEscapes && strings.Contains(line, `\`); n++ {
				line = unescape.Replace(line)
			}
			out.WriteString(line + "\n")
			from = append(from, slices.Repeat([]int{number}, 1+strings.Count(line, "\n"))...)
		}
		number++
	}
	return out.String(), from
}

var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`, `\/`, `/`, `\n`, "\n", `\r`, "", `\t`, "\t")

// isData reports whether a file has data and no source code. In source code a token is
// recognised between escaped quotes, too, and many strings only resemble a secret beside
// a word.
func isData(name string) bool {
	return slices.Contains([]string{".ipynb", ".json", ".jsonl", ".ndjson", ".har", ".log", ".txt", ".env", ".yml", ".yaml", ".csv", ".xml"}, strings.ToLower(path.Ext(name)))
}
