package process

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stat is the state, the parent and the process group of a process.
type stat struct {
	pid, parent, group int
	state              string // Z: it has ended, and its parent has not waited for it
}

// pids lists all processes.
func pids() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var all []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

func processes() []stat {
	var all []stat
	for _, pid := range pids() {
		if s, ok := readStat(pid); ok {
			all = append(all, s)
		}
	}
	return all
}

// readStat reads /proc/PID/stat (proc_pid_stat(5)). The process name in this file may
// contain spaces and parentheses.
func readStat(pid int) (stat, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 3 {
		return stat{}, false
	}
	parent, _ := strconv.Atoi(f[1])
	group, _ := strconv.Atoi(f[2])
	return stat{pid, parent, group, f[0]}, true
}

// ended reports whether a process has ended, also if its parent has not waited for it.
func ended(pid int) bool {
	s, ok := readStat(pid)
	return !ok || s.state == "Z"
}

// on reports whether a process was started with the marks. It does not recognise a
// process that has overwritten its environment, as some servers do to set a title.
func (m marks) on(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil || len(b) == 0 {
		return false
	}
	env := strings.Split(string(b), "\x00")
	for _, kv := range m.all {
		if !slices.Contains(env, kv) {
			return false
		}
	}
	return slices.ContainsFunc(m.any, func(kv string) bool { return slices.Contains(env, kv) })
}

// sweep kills every process that has the marks. It is the last step, for processes that
// the supervisor and its shim did not stop.
func sweep(ctx context.Context, m marks) error {
	deadline := time.After(grace)
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		left := 0
		for _, pid := range pids() {
			if pid != os.Getpid() && m.on(pid) {
				left = pid
				signalIf(pid, syscall.SIGKILL, func() bool { return m.on(pid) })
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return errors.New("cannot end process " + strconv.Itoa(left) + " of the environment: restart the machine, or stop it as its user, then try again")
		case <-time.After(wait):
		}
	}
}
