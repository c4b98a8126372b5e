package ledger

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Process identifies a process. It contains the start time because process numbers are
// reused.
type Process struct {
	Host  string `json:"host"`
	Boot  string `json:"boot,omitempty"`  // boot of the machine: containers may share host names
	Space string `json:"space,omitempty"` // PID namespace
	PID   int    `json:"pid"`
	Start string `json:"start,omitempty"` // clock ticks since boot, Linux only
}

func thisProcess() Process {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return Process{Host: host, Boot: bootID(), Space: space(), PID: os.Getpid(), Start: startOf(os.Getpid())}
}

// silent is how long nothing was heard of a process before a machine of the same name, that
// was started at another time, counts as the same one. Holders of a lock are heard of more
// often, and machines made from one image have one name.
const silent = 11 * time.Minute

// gone reports whether the process ran on this machine and has ended. It returns false
// for a process of another machine, whose state is unknown. Nothing was heard of it for some
// time.
func (p Process) gone(unheard time.Duration) bool {
	me := thisProcess()
	if p.Host != me.Host {
		return false
	}
	if p.Boot != me.Boot {
		return unheard > silent
	}
	if p.Space != me.Space {
		return false
	}
	if err := syscall.Kill(p.PID, 0); errors.Is(err, syscall.ESRCH) {
		return true
	}
	return p.Start != startOf(p.PID)
}

func space() string {
	s, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return s
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// startOf returns the start time of a process: field 22 of /proc/PID/stat. The name of
// the process, an earlier field, may contain spaces and parentheses.
func startOf(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	s := string(b)
	fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(fields) < 20 {
		return ""
	}
	if fields[0] == "Z" { // a zombie has ended
		return ""
	}
	return fields[19]
}
