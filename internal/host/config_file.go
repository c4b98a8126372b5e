package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const configHead = "# What this server accepts: docs/server.md. Only root can change it.\n"

// sumHead begins the line that distinguishes a file that a program wrote from one that a
// person has edited.
const sumHead = "# Until it is edited, goldenpath host install keeps it up to date: "

// Serve returns the content of ConfigFile with an app, beside the other apps that the file
// has. A file that a person has edited is not changed: edited reports it.
func Serve(old []byte, name string, a App) (text []byte, edited bool, err error) {
	apps := map[string]App{}
	if len(old) > 0 {
		if !written(old) {
			return old, true, nil
		}
		c, err := parseConfig(old)
		if err != nil {
			return nil, false, err
		}
		maps.Copy(apps, c.Apps)
	}
	if name != "" {
		apps[name] = a
	}
	return configText(apps), false, nil
}

// written reports whether a program wrote the file and no one has edited it since.
func written(b []byte) bool {
	head, body, ok := strings.Cut(strings.TrimPrefix(string(b), configHead), "\n")
	sum, is := strings.CutPrefix(head, sumHead)
	return ok && is && sum == sumOf(body)
}

func sumOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

func configText(apps map[string]App) []byte {
	var b strings.Builder
	b.WriteString("version: 1\n")
	if len(apps) == 0 {
		b.WriteString("apps: {}\n")
	} else {
		b.WriteString("apps:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		a := apps[name]
		fmt.Fprintf(&b, "  %s:\n    image: %s\n", name, a.image(name))
		if a.Repository != "" {
			fmt.Fprintf(&b, "    repository: %q\n", a.Repository)
		}
		if a.Preview.URL != "" {
			fmt.Fprintf(&b, "    preview: {url: %q}\n", a.Preview.URL)
		}
		if len(a.Environments) > 0 {
			b.WriteString("    environments:\n")
		}
		for _, e := range slices.Sorted(maps.Keys(a.Environments)) {
			p := a.Environments[e]
			fmt.Fprintf(&b, "      %s: {url: %q", e, p.URL)
			if p.From != "" {
				fmt.Fprintf(&b, ", from: %s", p.From)
			}
			if p.Soak {
				b.WriteString(", soak: true")
			}
			b.WriteString("}\n")
		}
		if len(a.Keys) > 0 {
			b.WriteString("    keys: # that sign evidence\n")
		}
		for _, k := range a.Keys {
			b.WriteString("      - |\n")
			for line := range strings.Lines(k) {
				b.WriteString("        " + strings.TrimRight(line, "\r\n") + "\n")
			}
		}
	}
	body := b.String()
	return []byte(configHead + sumHead + sumOf(body) + "\n" + body)
}
