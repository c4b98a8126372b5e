package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Publish writes the public half of a key to File of the working tree. It does not
// replace the public half of another key. The reason is key-created, key-exists or
// key-mismatch.
func (k Keys) Publish(key *evidence.Key) (report.Reason, error) {
	public, err := key.PublicPEM()
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(k.Git.Dir())
	if err != nil {
		return "", err
	}
	defer root.Close()
	if info, err := root.Lstat(File); err == nil && !info.Mode().IsRegular() {
		return "", report.Usage(File + " is not a regular file: remove it and run the command again")
	}
	old, err := root.ReadFile(File)
	switch {
	case err == nil && string(old) == string(public):
		return report.ReasonKeyExists, nil
	case err == nil:
		return report.ReasonKeyMismatch, nil
	case errors.Is(err, fs.ErrNotExist):
		err = root.MkdirAll(path.Dir(File), 0o755)
	}
	if err == nil {
		err = root.WriteFile(File, public, 0o644)
	}
	if err != nil { // such as a link to a folder outside the repository
		return "", report.Usage(fmt.Sprintf("cannot write %s: %v", File, err))
	}
	return report.ReasonKeyCreated, nil
}
