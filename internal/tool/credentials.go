package tool

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// credentials matches the names of variables in which a CI job keeps credentials.
var credentials = regexp.MustCompile(`(?i)^(INPUT_(KUBECONFIG|TOKEN|VARIABLES|.*PASSWORD|.*KEY)|GITHUB_TOKEN|GH_TOKEN|ACTIONS_(ID_TOKEN_REQUEST|RUNTIME)_TOKEN|KUBECONFIG|` +
	`AWS_(SECRET_ACCESS_KEY|SESSION_TOKEN|WEB_IDENTITY_TOKEN_FILE)|AZURE_(CLIENT_SECRET|CLIENT_CERTIFICATE_PATH|FEDERATED_TOKEN_FILE)|ARM_CLIENT_SECRET|` +
	`GOOGLE_(APPLICATION_CREDENTIALS|GHA_CREDS_PATH|OAUTH_ACCESS_TOKEN)|CLOUDSDK_AUTH_(CREDENTIAL_FILE_OVERRIDE|ACCESS_TOKEN)|GOLDENPATH_KEY|DOCKER_AUTH_CONFIG)$`)

// Exposed lists the credentials that a program started here could read: variables of
// this process and its ancestors, as far as /proc shows them, and credential files that a
// login action wrote to dir.
func Exposed(environ []string, dir string) []string {
	found := named(environ)
	for pid, depth := os.Getppid(), 0; pid > 1 && depth < 32; depth++ {
		proc := filepath.Join("/proc", strconv.Itoa(pid))
		if b, err := os.ReadFile(filepath.Join(proc, "environ")); err == nil {
			found = append(found, named(strings.Split(string(b), "\x00"))...)
		}
		pid = parentOf(proc)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "gha-creds-*.json")); err == nil {
		for _, f := range files {
			found = append(found, "the file "+filepath.Base(f))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func named(environ []string) (found []string) {
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); value != "" && credentials.MatchString(name) {
			found = append(found, strings.ToUpper(name))
		}
	}
	return found
}

// parentOf returns the parent's id from /proc/PID/stat, or 0 if it is unknown. The
// program's name is in parentheses and may contain anything, so the fields are counted
// from the last parenthesis.
func parentOf(proc string) int {
	b, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return 0
	}
	stat := string(b)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	pid, _ := strconv.Atoi(fields[1])
	return pid
}
