package text

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
)

// shortest is the minimum length of a secret that is masked. Shorter values occur in any
// text.
const shortest = 4

// Mask replaces secrets in text with ***.
type Mask []string // in every form, the longest first

// NewMask returns a mask of secrets, in every encoding in which they may appear. The
// longest form is first, because a secret may be part of another one.
func NewMask(values ...string) Mask {
	var m Mask
	for _, value := range values {
		quoted, _ := json.Marshal(value)
		quoted = quoted[1 : len(quoted)-1]
		forms := []string{value, url.QueryEscape(value), string(quoted)}
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding} {
			forms = append(forms, e.EncodeToString([]byte(value)))
		}
		forms = append(forms, strings.Split(value, "\n")...) // a log shows single lines
		forms = append(forms, strings.Split(string(quoted), `\n`)...)
		for _, f := range forms {
			if f = strings.TrimSpace(f); len(f) >= shortest {
				m = append(m, f)
			}
		}
	}
	slices.SortFunc(m, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(m)
}

// Hide replaces the secrets in a text, and also the beginning of a secret at the end of a
// text that was cut with an ellipsis.
func (m Mask) Hide(text string) string {
	for _, s := range m {
		text = strings.ReplaceAll(text, s, "***")
	}
	cut, short := strings.CutSuffix(text, "…")
	for _, s := range m {
		for n := len(s) - 1; short && n >= shortest; n-- {
			if rest, ok := strings.CutSuffix(cut, s[:n]); ok {
				return rest + "***…"
			}
		}
	}
	return text
}

// Writer returns a writer that passes whole lines to w, without the secrets. The caller
// closes it to pass the last line. Without secrets it passes everything at once.
func (m Mask) Writer(w io.Writer) io.WriteCloser { return &masked{mask: m, to: w} }

// maxLine is the length at which a line without an end is passed on. A secret across
// that boundary is not masked.
const maxLine = 1 << 20

type masked struct {
	mask Mask
	to   io.Writer
	line []byte
}

func (w *masked) Write(p []byte) (int, error) {
	if len(w.mask) == 0 {
		return w.to.Write(p)
	}
	w.line = append(w.line, p...)
	end := bytes.LastIndexByte(w.line, '\n') + 1
	if end == 0 && len(w.line) > maxLine {
		end = len(w.line)
	}
	if end == 0 {
		return len(p), nil
	}
	_, err := io.WriteString(w.to, w.mask.Hide(string(w.line[:end])))
	w.line = append(w.line[:0], w.line[end:]...)
	return len(p), err
}

func (w *masked) Close() error {
	if len(w.line) == 0 {
		return nil
	}
	_, err := io.WriteString(w.to, w.mask.Hide(string(w.line)))
	w.line = nil
	return err
}
