package kubernetes

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// GP-SEC: a secret is in no message, in whatever form it was met.
func TestMask(t *testing.T) {
	const secret, longer, password = "hunter22/=", "hunter22/=-and-more", "pull-pass word"
	auth := base64.StdEncoding.EncodeToString([]byte("bot:" + password))
	x := &deployment{Target: &Target{PullSecret: `{"auths":{"r.test":{"auth":"` + auth + `"}}}`}}
	x.Secrets = map[string]target.Secret{"A": {Value: secret}, "B": {Value: longer}, "C": {Value: "line one\nline \"two\""}, "D": {Value: ""}, "E": {Store: "vault"}}
	for _, form := range []string{
		secret, longer, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(longer)), url.QueryEscape(secret),
		password, auth, x.PullSecret, "line one", `line \"two\"`, `line "two"`,
	} {
		text := "before " + form + " after"
		for _, err := range []error{
			&target.Failure{What: text}, &target.Failure{Detail: []string{"a", text}}, &target.Failure{Kept: text}, &target.Failure{Remedy: text},
			fmt.Errorf("apply: %w: %s", target.ErrSuperseded, text),
		} {
			got := x.mask(err)
			if strings.Contains(got.Error(), form) || !strings.Contains(got.Error(), "before *** after") {
				t.Errorf("%q: %v", form, got)
			}
			if errors.Is(err, target.ErrSuperseded) && !errors.Is(got, target.ErrSuperseded) {
				t.Errorf("%v is not superseded any more", got)
			}
		}
	}
	for n := len(longer) - 1; n >= 4; n-- {
		if got := x.mask(&target.Failure{What: "x " + longer[:n] + "…"}).Error(); strings.Contains(got, longer[:4]) {
			t.Errorf("cut after %d: %s", n, got)
		}
	}
	if err := errors.New("nothing to hide"); x.mask(err) != err || x.mask(nil) != nil {
		t.Error("an error without a secret is another")
	}
}
