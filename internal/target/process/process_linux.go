package process

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of every descendant whose own parent ends,
// whatever group or session that has moved to.
func adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the subreaper: %w", err)
	}
	return nil
}

// tied gives a child sig when the thread that starts it ends.
func tied(sig syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: sig}
}

// ownProgram is this program, also after its file was replaced or removed.
func ownProgram() (string, error) { return "/proc/self/exe", nil }

// signalTree signals the process group and every descendant outside of it, each
// once. A process that appears meanwhile is met by the next call.
func signalTree(group int, sig syscall.Signal) {
	if group > 1 {
		_ = syscall.Kill(-group, sig)
	}
	table := processes()
	for _, p := range descendants(table, os.Getpid()) {
		if p.group == group {
			continue
		}
		signalIf(p.pid, sig, func() bool {
			now, ok := readStat(p.pid)
			return ok && now.parent == p.parent
		})
	}
}

// signalIf signals pid if it is, once it cannot be reused, still the one meant.
func signalIf(pid int, sig syscall.Signal, still func() bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	defer p.Release()
	if still() {
		_ = p.Signal(sig)
	}
}

// descendants lists what is below pid, parents first.
func descendants(table []stat, pid int) []stat {
	var all []stat
	for level := []int{pid}; len(level) > 0; {
		var next []int
		for _, p := range table {
			if slices.Contains(level, p.parent) {
				all = append(all, p)
				next = append(next, p.pid)
			}
		}
		level = next
	}
	return all
}
