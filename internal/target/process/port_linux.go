package process

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// holders returns the processes that listen on a port. Processes of other users are
// visible only to root.
func holders(port int) []holder {
	sockets := listeners(port)
	if len(sockets) == 0 {
		return nil
	}
	var all []holder
	for _, pid := range pids() {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if slices.ContainsFunc(fds, func(fd string) bool {
			to, _ := os.Readlink(fd)
			return slices.Contains(sockets, to)
		}) {
			name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			all = append(all, holder{pid, clean(strings.TrimSpace(string(name)))})
		}
	}
	return all
}

// listeners returns the sockets that listen on a port, in the notation of /proc/PID/fd.
func listeners(port int) []string {
	var all []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
			c := strings.Fields(s.Text())
			if len(c) < 10 || c[3] != "0A" {
				continue
			}
			_, hex, _ := strings.Cut(c[1], ":")
			if p, err := strconv.ParseInt(hex, 16, 32); err == nil && int(p) == port {
				all = append(all, "socket:["+c[9]+"]")
			}
		}
		f.Close()
	}
	return all
}

// listening returns the ports on which a process and its descendants listen.
func listening(ancestor int) []int {
	sockets := map[string]bool{}
	for _, pid := range pids() {
		if !below(pid, ancestor) {
			continue
		}
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			if to, _ := os.Readlink(fd); strings.HasPrefix(to, "socket:") {
				sockets[to] = true
			}
		}
	}
	var all []int
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, _ := os.ReadFile(table)
		for line := range strings.Lines(string(b)) {
			c := strings.Fields(line)
			if len(c) < 10 || c[3] != "0A" || !sockets["socket:["+c[9]+"]"] {
				continue
			}
			_, hex, _ := strings.Cut(c[1], ":")
			if p, err := strconv.ParseInt(hex, 16, 32); err == nil {
				all = append(all, int(p))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// below reports whether pid is the process ancestor or one of its descendants.
func below(pid, ancestor int) bool {
	for ; pid > 1; pid = parent(pid) {
		if pid == ancestor {
			return true
		}
	}
	return false
}

func parent(pid int) int {
	s, _ := readStat(pid)
	return s.parent
}
