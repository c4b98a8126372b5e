package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Allow lets an SSH key use this server: for one role, for some apps, and for nothing else.
// The file belongs to root, so that no deployment can add a key.
func Allow(file, public string, key Key, from string) error {
	k, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		return report.Usage(fmt.Sprintf("%.80q is not a public key such as ssh-ed25519 AAAA…: pass the content of the .pub file", public))
	}
	line := "restrict,"
	if from != "" {
		if strings.ContainsAny(from, "\"\n\\") {
			return report.Usage(fmt.Sprintf("--from %.100q is not a list of addresses", from))
		}
		line += fmt.Sprintf("from=%q,", from)
	}
	authorized := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
	line += fmt.Sprintf("command=%q %s %s\n", fmt.Sprintf("%s host serve --role %s --app %s", Program, key.Role, strings.Join(key.Apps, ",")), authorized, strings.Join(strings.Fields(comment), "-"))
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var kept []string
	for l := range strings.Lines(string(old)) {
		if !strings.Contains(l, authorized) {
			kept = append(kept, strings.TrimRight(l, "\n")+"\n")
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := files.WriteWith(file, 0o644, func(w io.Writer) error { return write(w, []byte(strings.Join(kept, "")+line)) }); err != nil {
		return err
	}
	// sshd reads it as the user, whatever the umask of the administrator is.
	return errors.Join(os.Chmod(filepath.Dir(file), 0o755), os.Chmod(file, 0o644))
}

// AuthorizedKeys is the file of the SSH keys of the user.
func AuthorizedKeys() string { return filepath.Join(Home, ".ssh", "authorized_keys") }

// HostKey returns the public SSH key of this machine, as host-key in .goldenpath.yml.
func HostKey() (string, error) {
	for _, name := range []string{"ed25519", "ecdsa", "rsa"} {
		b, err := os.ReadFile("/etc/ssh/ssh_host_" + name + "_key.pub")
		if err == nil {
			f := strings.Fields(string(b))
			if len(f) >= 2 {
				return f[0] + " " + f[1], nil
			}
		}
	}
	return "", report.Usage("this machine has no SSH host key in /etc/ssh: install and start openssh-server")
}
