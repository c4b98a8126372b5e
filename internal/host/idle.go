package host

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// idle waits until nothing is connected to a generation, at most for limit.
func idle(ctx context.Context, g *generation, limit time.Duration) {
	host, port := g.dial()
	end := time.Now().Add(limit)
	for time.Now().Before(end) && ctx.Err() == nil {
		if connected(host, port) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// connected counts the established connections to an address, as the kernel lists them.
func connected(host string, port int) (n int) {
	b, err := os.ReadFile("/proc/net/tcp")
	ip := net.ParseIP(host).To4()
	if err != nil || ip == nil {
		return 0
	}
	// The kernel prints the address as a number of this machine, which is little-endian.
	want := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], port)
	const established = "01"
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == want && f[3] == established {
			n++
		}
	}
	return n
}
