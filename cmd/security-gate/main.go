// Command security-gate decides whether a change may pass.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/command/gate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Main(ctx, command.System(), gate.New())
	stop()
	os.Exit(code)
}
