// Command security-gate decides whether a change may pass.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/command/gate"
)

func main() {
	command.Fatal()
	// Four scanners share this process. Collecting sooner keeps what they hold
	// together near what the largest takes alone.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A library of a scanner's replaces the default logger when it is linked.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	code := command.Main(ctx, command.System(), gate.New())
	stop()
	os.Exit(code)
}
