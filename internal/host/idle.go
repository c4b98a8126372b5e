package host

import (
	"context"
	"encoding/hex"
	"os"
	"strings"
	"time"
)

// idle waits until nothing is connected to a port of the loopback address, at most for limit.
func idle(ctx context.Context, port int, limit time.Duration) {
	end := time.Now().Add(limit)
	for time.Now().Before(end) && ctx.Err() == nil {
		if connected(port) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// connected counts the established connections to a port, as the kernel lists them.
func connected(port int) (n int) {
	b, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return 0
	}
	const established = "01"
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != established {
			continue
		}
		_, remote, ok := strings.Cut(f[2], ":")
		if raw, err := hex.DecodeString(remote); ok && err == nil && len(raw) == 2 {
			if int(raw[0])<<8|int(raw[1]) == port {
				n++
			}
		}
	}
	return n
}
