package path

import (
	"bufio"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/scaffold"
)

// TestPrompt (NEWCOMER 8, 13): a wrong answer is asked again, Enter means nothing else,
// and the end of the input ends init before it writes.
func TestPrompt(t *testing.T) {
	groups := []scaffold.Group{{Name: "github"}, {Name: "hooks"}, {Name: "runbooks"}}
	apps := []scaffold.App{{Dir: "apps/api", What: "node"}, {Dir: "apps/\x1b[31mweb", What: "go"}}
	for _, tt := range []struct{ typed, groups, app, says string }{
		{"1,3\n", "[github runbooks]", "", "  1  github"},
		{"2\n", "[hooks]", "1", "apps/api   node"},
		{"\n1\n", "[]", "0", "Type one number."},
		{"x\n 3 1\n1\n", "[runbooks github]", "0", "x is not a number from 1 to "},
		{"4\n1", "[github]", "0", "4 is not a number from 1 to "},
		{"", "error", "error", "several apps"},
	} {
		var out strings.Builder
		ask := func() prompt { return prompt{in: bufio.NewReader(strings.NewReader(tt.typed)), out: &out} }
		picked, err := ask().groups(groups)
		if got := fmt.Sprint(picked); err == nil && got != tt.groups || (err != nil) != (tt.groups == "error") {
			t.Errorf("%q: %s, %v; want %s", tt.typed, got, err, tt.groups)
		}
		if tt.app != "" {
			n, err := ask().app(apps)
			if err == nil && fmt.Sprint(n) != tt.app || (err != nil) != (tt.app == "error") {
				t.Errorf("%q: %d, %v; want %s", tt.typed, n, err, tt.app)
			}
		}
		if !strings.Contains(out.String(), tt.says) || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%q: %q is not in\n%s", tt.typed, tt.says, out.String())
		}
	}
}
