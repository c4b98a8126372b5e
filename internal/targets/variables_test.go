package targets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseVariables(t *testing.T) {
	got, err := parseVariables("file", "# of the preview\nPASSWORD=a$b\"c# d=\nEMPTY=\r\nKEY<<END\n-----BEGIN-----\nx=y\nEND\n\nLAST=1<<2")
	want := map[string]string{"PASSWORD": `a$b"c# d=`, "EMPTY": "", "KEY": "-----BEGIN-----\nx=y", "LAST": "1<<2"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, tt := range []struct{ text, line string }{
		{"A=1\nhunter2", "line 2"}, {"=hunter2", "line 1"}, {"A<<END\nhunter2", "line 1"}, {"A B=hunter2", "line 1"}, {"A<<\nhunter2\n", "line 1"},
	} {
		_, err := parseVariables("file", tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.line) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}
