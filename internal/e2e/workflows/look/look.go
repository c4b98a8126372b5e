// Package look searches a machine for credentials, as hostile code in a job would. The
// tests compile it into an app: its build, tests, seed, migration and battery run it.
package look

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Report is what one search examined and found.
type Report struct {
	Who    string
	Looked map[string]int // by kind of place: how many places of it
	Found  []string       // the place, and the name of the credential
}

// Has reports whether a credential was found in a place whose description contains where.
func (r Report) Has(where, credential string) bool {
	return slices.ContainsFunc(r.Found, func(f string) bool {
		return strings.Contains(f, where) && strings.HasSuffix(f, ": "+credential)
	})
}

// Needles encodes credentials for At. They are in hex, so that a search does not find the
// text that it searches for in its own program.
func Needles(credentials map[string]string) string {
	var lines []string
	for name, value := range credentials {
		lines = append(lines, name+" "+hex.EncodeToString([]byte(value)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// At searches this machine, and the files below root, for the credentials of needles and posts
// a Report to the address.
func At(root, who, address, needles string) error {
	s := search{Report: Report{Who: who, Looked: map[string]int{}}, root: root, forms: map[string][][]byte{}}
	for line := range strings.Lines(needles) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := hex.DecodeString(text)
		if err != nil {
			return err
		}
		s.forms[name] = forms(value)
	}
	s.processes()
	s.memory()
	s.files()
	s.sockets()
	s.commands()
	s.identity()
	slices.Sort(s.Found)
	s.Found = slices.Compact(s.Found)
	body, err := json.Marshal(s.Report)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Post(address, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, res.Status)
	}
	return nil
}

// forms are the value as it is, and as a part of a longer text in base64.
func forms(value []byte) [][]byte {
	all := [][]byte{value}
	for before := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), value...))
		// The first and the last characters depend on what stands beside the value.
		from, to := (before*8+5)/6, (before+len(value))*8/6
		all = append(all, []byte(text[from:to]))
	}
	return all
}

type search struct {
	Report
	root  string
	forms map[string][][]byte // by credential
}

// in examines the content of a place.
func (s *search) in(kind, place string, content []byte) {
	s.Looked[kind]++
	for name, all := range s.forms {
		if slices.ContainsFunc(all, func(form []byte) bool { return bytes.Contains(content, form) }) {
			s.Found = append(s.Found, kind+" "+place+": "+name)
		}
	}
}

// processes examines the variables and arguments of every process that can be read.
func (s *search) processes() {
	for _, kind := range []string{"environ", "cmdline"} {
		files, _ := filepath.Glob("/proc/[0-9]*/" + kind)
		for _, file := range files {
			if content, err := os.ReadFile(file); err == nil {
				command, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "comm"))
				s.in(kind, "of "+strings.TrimSpace(string(command)), content)
			}
		}
	}
}

// skipped are folders that no step writes to, or that are too large to examine.
var skipped = []string{"/proc", "/sys", "/dev", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/gomodcache", "/gocache"}

const largest = 8 << 20

// files examines every file of the machine: the home folder, the workspace with its git
// configuration, the temporary folders of the runner, Docker's configuration, the
// artifacts of other jobs.
func (s *search) files() {
	_ = filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && slices.Contains(skipped, path):
			return fs.SkipDir
		case d.Type()&fs.ModeSocket != 0:
			s.socket(path)
			return nil
		case d.IsDir() || strings.HasPrefix(path, "/var/lib/dpkg/"):
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > largest {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		s.in("file", path, content)
		// Kubernetes gives a pod an account unless its specification refuses it.
		if strings.Contains(path, "/secrets/kubernetes.io/") && filepath.Base(path) == "token" {
			s.Found = append(s.Found, "file "+path+": service-account")
		}
		return nil
	})
}
