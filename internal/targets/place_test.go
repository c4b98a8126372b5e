package targets

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// The place of a workspace is the same in every checkout, and has no credentials.
func TestPlaceOfAWorkspace(t *testing.T) {
	for _, dir := range []string{"/home/ann/shop", "/github/workspace"} {
		a := Access{Config: &config.Config{App: "shop"}, Dir: dir, Getenv: func(string) string { return "" }}
		got, err := a.Open(config.Deploy{Target: "terraform", Terraform: "infra", Backend: map[string]string{"bucket": "state", "access_key": "canary", "key": "shop"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		p, err := got.Place("production")
		if want := "terraform, folder infra workspace production backend bucket=state,key=shop"; err != nil || p.String() != want {
			t.Errorf("%s, %v", p, err)
		}
	}
}
