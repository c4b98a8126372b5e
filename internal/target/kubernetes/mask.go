package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// mask replaces secrets in error messages from the cluster and the app.
func (x *deployment) mask(err error) error {
	if err == nil {
		return nil
	}
	hide := x.hidden().Hide
	f, ok := isFailure(err)
	if !ok {
		if shown := hide(err.Error()); shown != err.Error() {
			return &masked{shown, err}
		}
		return err
	}
	f.What, f.Remedy, f.Kept = hide(f.What), hide(f.Remedy), hide(f.Kept)
	for i := range f.Detail {
		f.Detail[i] = hide(f.Detail[i])
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

// hidden returns a mask of the secrets of the deployment.
func (x *deployment) hidden() text.Mask {
	values := []string{x.PullSecret}
	for _, s := range x.Secrets {
		values = append(values, s.Value)
	}
	var pull struct {
		Auths map[string]struct{ Auth, Password, IdentityToken, RegistryToken string }
	}
	if json.Unmarshal([]byte(x.PullSecret), &pull) == nil {
		for _, a := range pull.Auths {
			values = append(values, a.Password, a.IdentityToken, a.RegistryToken, a.Auth)
			if plain, err := base64.StdEncoding.DecodeString(a.Auth); err == nil {
				_, password, _ := strings.Cut(string(plain), ":")
				values = append(values, password)
			}
		}
	}
	return text.NewMask(values...)
}
