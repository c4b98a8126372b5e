// Command security-gate scans a change and decides whether it may pass.
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
	// Four scanners share this process. More frequent garbage collection keeps their total
	// memory close to what the largest of them needs alone.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// The library of a scanner replaces the default logger; this restores one.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	code := gate.Main(ctx, command.System())
	stop()
	os.Exit(code)
}
