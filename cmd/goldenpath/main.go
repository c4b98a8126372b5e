// Command goldenpath takes a commit to production.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/command/path"
)

func main() {
	command.Fatal()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := path.Main(ctx, command.System())
	stop()
	os.Exit(code)
}
