package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// shortest is the minimum length of a secret that is masked. Shorter values occur in any
// text.
const shortest = 4

// mask replaces secrets in error messages from the cluster and the app.
func (x *deployment) mask(err error) error {
	if err == nil {
		return nil
	}
	secrets := x.hidden()
	f, ok := isFailure(err)
	if !ok {
		if text := hide(err.Error(), secrets); text != err.Error() {
			return &masked{text, err}
		}
		return err
	}
	f.What, f.Remedy, f.Kept = hide(f.What, secrets), hide(f.Remedy, secrets), hide(f.Kept, secrets)
	for i := range f.Detail {
		f.Detail[i] = hide(f.Detail[i], secrets)
	}
	return f
}

// masked is an error whose original text must not be shown.
type masked struct {
	text string
	err  error
}

func (m *masked) Error() string { return m.text }

// Is compares target errors with the original error. There is no Unwrap, because it
// would expose the original text.
func (m *masked) Is(other error) bool { return errors.Is(m.err, other) }

// hidden returns the secrets in every encoding in which they may appear, the longest
// first, because a secret may be part of another one.
func (x *deployment) hidden() (out []string) {
	add := func(value string) {
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
				out = append(out, f)
			}
		}
	}
	for _, s := range x.Secrets {
		add(s.Value)
	}
	add(x.PullSecret)
	var pull struct {
		Auths map[string]struct{ Auth, Password, IdentityToken, RegistryToken string }
	}
	if json.Unmarshal([]byte(x.PullSecret), &pull) == nil {
		for _, a := range pull.Auths {
			add(a.Password)
			add(a.IdentityToken)
			add(a.RegistryToken)
			add(a.Auth)
			if plain, err := base64.StdEncoding.DecodeString(a.Auth); err == nil {
				_, password, _ := strings.Cut(string(plain), ":")
				add(password)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

// hide replaces secrets in a text, and also a beginning of a secret at the end of a
// truncated text.
func hide(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	cut, short := strings.CutSuffix(text, "…")
	for _, s := range secrets {
		for n := len(s) - 1; short && n >= shortest; n-- {
			if rest, ok := strings.CutSuffix(cut, s[:n]); ok {
				return rest + "***…"
			}
		}
	}
	return text
}
