package process

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of every descendant whose own parent ends, even if
// the descendant has changed its group or session.
func adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot become the subreaper: %w", err)
	}
	return nil
}

// tied returns attributes for a child process that make the kernel send sig to the child
// when the thread that started the child ends.
func tied(sig syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: sig}
}

// notRoot makes root another user in a user namespace of the child process. Files keep
// their owner, so no folder has to be made readable for that user.
func notRoot(sys *syscall.SysProcAttr) {
	own := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: unprivileged, HostID: id, Size: 1}}
	}
	sys.Cloneflags |= syscall.CLONE_NEWUSER
	sys.UidMappings, sys.GidMappings = own(os.Geteuid()), own(os.Getegid())
}

// unprivileged is the id of the user that root becomes in a user namespace.
const unprivileged = 65534

// ownProgram returns the path of this program. The path stays valid after the program's
// file was replaced or removed.
func ownProgram() (string, error) { return "/proc/self/exe", nil }

// signalTree sends a signal once to the process group and to every descendant outside
// the group. A process that starts during the call gets the signal on the next call.
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

// signalIf sends a signal to pid if the function still returns true once the pid can no
// longer be reused.
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

// descendants lists the descendants of pid, parents first.
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
