package command

import (
	"os"
	"testing"
)

// TestColoured proves NEWCOMER 15: colours where a person looks, and never against the
// person's wish.
func TestColoured(t *testing.T) {
	for _, tt := range []struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		{true, nil, true},
		{false, nil, false},
		{true, map[string]string{"NO_COLOR": "1"}, false},
		{true, map[string]string{"NO_COLOR": ""}, true},
		{true, map[string]string{"CLICOLOR": "0"}, false},
		{false, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{false, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{false, map[string]string{"FORCE_COLOR": "true"}, true},
		{true, map[string]string{"FORCE_COLOR": "0"}, false},
		{true, map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false},
	} {
		if got := coloured(tt.terminal, func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("terminal %v, %v: %v", tt.terminal, tt.env, got)
		}
	}
}

// TestScreenOfAFile: a file is not a terminal, so its lines are not wrapped.
func TestScreenOfAFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := screen(f, func(string) string { return "" }); s.Terminal() || s.Colour || s.Width() != 0 {
		t.Errorf("%+v", s)
	}
}
