package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// writeResult writes the notes for people and the result for later workflow steps.
func writeResult(_ context.Context, r *release) ([]string, error) {
	if r.o.Notes != "" {
		if err := os.WriteFile(r.o.Notes, r.notes(), 0o644); err != nil {
			return nil, err
		}
	}
	return []string{fmt.Sprintf("uses: %s/…@%s # %s", r.o.Home, r.pinned, r.o.Version)}, writeOutput(r)
}

func writeOutput(r *release) error {
	if r.o.Output == "" {
		return nil
	}
	b, err := json.MarshalIndent(r.result(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.o.Output, append(b, '\n'), 0o644)
}

// notes returns the section of the changelog and the commit to pin.
func (r *release) notes() []byte {
	var b bytes.Buffer
	b.Write(bytes.TrimSpace(r.sum))
	fmt.Fprintf(&b, "\n\n## Pin\n\n```yaml\nuses: %s/.github/workflows/pull-request.yml@%s # %s\n```\n\n", r.o.Home, r.pinned, r.o.Version)
	fmt.Fprintf(&b, "Starters with this pin: the branch [`%s`](https://github.com/%s/tree/%s/workflows). [How to move a pin](https://github.com/%s/blob/%s/docs/upgrading.md), [how to verify](https://github.com/%s/blob/%s/docs/verifying.md).\n\n",
		r.o.line(), r.o.Home, r.o.line(), r.o.Home, r.o.Version, r.o.Home, r.o.Version)
	b.WriteString("| what | is |\n|---|---|\n")
	fmt.Fprintf(&b, "| source | `%s` |\n| release | `%s` |\n", r.source.id, r.pinned)
	for _, i := range r.images {
		fmt.Fprintf(&b, "| %s | `%s@%s` |\n", i.product.name, r.o.image(i.product), i.digest)
	}
	return b.Bytes()
}
