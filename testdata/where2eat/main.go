// Command where2eat serves polls about where to eat.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/where2eat/internal/flags"
	"example.com/where2eat/internal/poll"
	"example.com/where2eat/internal/store"
	"example.com/where2eat/internal/web"
)

const version = "1.0.0"

var commit = "unknown" // set by -ldflags "-X main.commit=…"

const usage = `usage: where2eat [serve|migrate|seed]

  serve    migrate the database and serve until SIGTERM (the default)
  migrate  migrate the database and exit
  seed     migrate the database, make sure the poll "demo" exists and exit

environment: PORT (8080), HOST (127.0.0.1), DATA_DIR ($GOLDENPATH_DATA, else .), FLAGS (a flagd file)`

var errUsage = errors.New(usage)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "where2eat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	if len(args) > 1 || command != "serve" && command != "migrate" && command != "seed" {
		return errUsage
	}
	config, err := configure(getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stdout, nil))
	db, err := store.Open(ctx, config.database)
	if err != nil {
		return err
	}
	defer db.Close()
	switch command {
	case "migrate":
		migration, err := db.Version(ctx)
		if err != nil {
			return err
		}
		log.Info("migrated", "database", config.database, "migration", migration)
		return nil
	case "seed":
		created, err := db.Create(ctx, poll.Demo())
		if err != nil {
			return err
		}
		log.Info("seeded", "poll", poll.Demo().ID, "created", created)
		return nil
	}
	return serve(ctx, config, db, log)
}

// serve returns nil after ctx has ended and the requests in flight are complete.
func serve(ctx context.Context, c config, db *store.Store, log *slog.Logger) error {
	on, err := flags.Load(c.flags)
	if err != nil {
		return err
	}
	server := web.NewServer(web.New(web.Options{
		Store:       db,
		Log:         log,
		Version:     version,
		Commit:      commit,
		Percentages: on["new-voting"],
	}), log)
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		return err
	}
	log.Info("listening", "address", listener.Addr().String(), "version", version, "commit", commit)

	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		log.Info("stopping")
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(drain)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
