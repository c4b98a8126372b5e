package tool

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of descendants whose own parent ends, including
// descendants that left the process group.
func adopt() {
	// Without kernel support init adopts such processes, as on other systems.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// endChildren kills all children, and then the descendants that this process adopts,
// until none is left.
func endChildren() {
	for range 400 {
		children := childrenOf(os.Getpid())
		if len(children) == 0 {
			return
		}
		for _, pid := range children {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(5 * time.Millisecond) // a killed process needs a moment to end
		for {
			var status syscall.WaitStatus
			if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
	}
}

// childrenOf returns the ids of the child processes of parent. The parent's id is field
// 4 of proc_pid_stat(5), two fields after the name in parentheses.
func childrenOf(parent int) []int {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	want := []byte(strconv.Itoa(parent))
	var children []int
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		if len(fields) < 2 || !bytes.Equal(fields[1], want) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			children = append(children, pid)
		}
	}
	return children
}
