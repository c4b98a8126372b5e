package targets

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target/server"
)

// server returns the target of servers. On a machine of a person the keys are used that host
// bootstrap has made in this clone, or those of their agent and of their home; in a workflow
// only the one that is passed.
func (a Access) server(d config.Deploy) (preview.Target, error) {
	if a.Declared != nil && !slices.Equal(d.Server, a.Declared.servers) {
		return nil, report.Usage("preview.server: " + fmt.Sprintf(undeclared, "this server"))
	}
	keys := server.Keys{PEM: a.SSHKey}
	switch {
	case keys.PEM == "" && a.Workflow:
		return nil, report.Usage(noSSHKey)
	case keys.PEM == "":
		keys.Agent, keys.Home = a.Getenv("SSH_AUTH_SOCK"), a.Getenv("HOME")
		role := "releases"
		if d.URL == a.Config.Preview.URL {
			role = "previews"
		}
		keys.File = filepath.Join(a.SSHKeys, "ssh-"+role)
	case !strings.Contains(keys.PEM, "\n"):
		b, err := os.ReadFile(keys.PEM)
		if err != nil {
			return nil, report.Usage("--ssh-key is neither the text of a private key nor a file with one: " + err.Error())
		}
		keys.PEM = string(b)
	}
	var all []server.Address
	for _, s := range d.Server {
		all = append(all, server.Address{Host: s.Host, Port: s.Port, User: s.User, HostKey: s.HostKey})
	}
	t := server.Open(a.Config.App, d.URL, all, keys, a.Images)
	t.Config = func(ctx context.Context, commit string) ([]byte, error) {
		b, err := a.Git.Output(ctx, nil, "cat-file", "blob", commit+":"+path.Join(a.Folder, config.File))
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("this clone does not have %s of commit %.12s, from which the image was built: fetch it, in a workflow with fetch-depth: 0: %v", config.File, commit, err))
		}
		return b, nil
	}
	return t, nil
}

// noSSHKey explains an empty key in a workflow (actions/runner#1490, #3206).
const noSSHKey = "the workflow passed no SSH key: the secret that it names does not exist, or it exists only in an environment, whose secrets a called workflow gets empty" +
	"\n  try: set SSH_KEY as a secret of the repository (PREVIEW_SSH_KEY for previews)"
