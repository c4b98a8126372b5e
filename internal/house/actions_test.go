package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAllowList: an organisation that allows only GitHub's own actions and goldenpath can
// run every workflow. GitHub resolves all actions of a job before its first step, also
// those that a condition skips (actions/runner, ActionManager.cs).
func TestAllowList(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*['"]?([^\s'"#]+)`)
	seen := 0
	for _, pattern := range []string{"../../.github/workflows/*.yml", "../../actions/*/action.yml", "../../action.yml", "../../workflows/*.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range uses.FindAllSubmatch(b, -1) {
				seen++
				own := false
				for _, prefix := range []string{"$/", "./", "actions/", "github/", "seed-b235b314/goldenpath/", "seed-b235b314/goldenpath@"} {
					own = own || strings.HasPrefix(string(m[1]), prefix)
				}
				if !own {
					t.Errorf("%s uses %s, which an allow-list of goldenpath and GitHub's own actions refuses", name, m[1])
				}
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d uses were found", seen)
	}
}
