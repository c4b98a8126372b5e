package process

import (
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Place returns this machine and the folder of its environments.
func (t *Target) Place(string) (target.Place, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	p := target.Place{Kind: "process", Name: "host " + host}
	dir, err := filepath.Abs(t.Dir)
	if err != nil {
		return p, err
	}
	p.Name += " folder " + dir
	return p, nil
}
