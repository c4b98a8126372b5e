package change

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// TestApps (GP-PATH-10): what was accepted for one app of a repository is not accepted for
// another one, and an app that is added later has a baseline of its own.
func TestApps(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"apps/web/.goldenpath.yml": "version: 1\napp: web\n"})
	added := r.commit(map[string]string{"apps/shop/.goldenpath.yml": "version: 1\napp: shop\n"})
	one := r.commit(map[string]string{"shared": "1\n"})
	r.releasedApp("shop", one, ledger.KindRelease, day)
	r.commit(map[string]string{"shared": "2\n"})

	find := func(folder, app string) *Change {
		t.Helper()
		q := push("")
		q.Folder, q.App = folder, app
		c, _, err := r.find(q)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := find("apps/shop", "shop"); c.Kind != Release || c.base.compared != one {
		t.Errorf("shop is compared with %.7s: %s", c.base.compared, c.Proof)
	}
	if c := find("apps/web", "web"); c.Kind != Adoption || c.base.compared == one || c.base.compared == added || !strings.Contains(c.Proof, "added goldenpath") {
		t.Errorf("web is compared with %.7s: %s", c.base.compared, c.Proof)
	}
	// An app cannot take the name of another one to get what was accepted for that one.
	r.commit(map[string]string{"apps/web/.goldenpath.yml": "version: 1\napp: shop\n", "apps/shop/.goldenpath.yml": "version: 1\napp: web\n"})
	if c := find("apps/web", "shop"); c.Kind == Release {
		t.Errorf("apps/web is compared with a release of apps/shop: %s", c.Proof)
	}
}
