package path

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Named is the environment as an argument, which is shorter than the flag.
type Named struct {
	Name string `arg:"" optional:"" name:"environment" help:"Environment, as with --environment."`
}

// either returns the value of an argument or of the flag that means the same.
func either(argument, flag, name string) (string, error) {
	if argument != "" && flag != "" && argument != flag {
		return "", report.Usage(fmt.Sprintf("%q and %s %q contradict each other: give one of them", argument, name, flag))
	}
	if argument != "" {
		return argument, nil
	}
	return flag, nil
}

// environment returns the name of a configured environment: the last one of
// .goldenpath.yml if name is "". For an environment of this machine, such as
// local-production, the configuration becomes the one of a run on this machine. The ledger
// becomes the one that has the releases of the environment.
func (w *world) environment(ctx context.Context, name string) (string, error) {
	chain := w.config.Chain()
	if name == "" {
		name = chain[len(chain)-1]
	}
	if !slices.Contains(chain, name) {
		local := config.Laptop(w.config)
		if !slices.Contains(local.Chain(), name) {
			return "", w.unknown(name)
		}
		w.config = local
	}
	return name, w.chooseLedger(ctx, name)
}

// chooseLedger reads the ledger of origin for an environment that does not run on this
// machine, if origin is known to hold a ledger and no flag says otherwise.
func (w *world) chooseLedger(ctx context.Context, name string) error {
	if w.config.Environments[name].Target == "process" {
		return nil
	}
	return w.originLedger(ctx, name)
}

// ledgerOfServers is chooseLedger for a run that deploys to servers.
func (w *world) ledgerOfServers(ctx context.Context) error { return w.originLedger(ctx, "a server") }

// originLedger reads the ledger of origin, if origin is known to hold one and no flag says
// otherwise. name is what runs elsewhere.
func (w *world) originLedger(ctx context.Context, name string) error {
	if w.where.Ledger != "" || w.env.Runner.Present() {
		return nil
	}
	remote := w.ledger.Unread(ctx)
	if remote == "" {
		return nil
	}
	where := w.where
	where.Ledger = remote
	remote, err := where.remote(ctx, w.env, w.git)
	if err != nil {
		return err
	}
	w.say(fmt.Sprintf("the ledger of %s is used, because %s does not run on this machine", remote, name))
	w.ledger.Remote = remote
	return nil
}

// names returns the environments of .goldenpath.yml, and the ones of this machine that a
// run uses in their place.
func (w *world) names() []string {
	all := w.config.Chain()
	for _, name := range config.Laptop(w.config).Chain() {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func (w *world) isEnvironment(name string) bool { return slices.Contains(w.names(), name) }

func (w *world) unknown(name string) error { return unknownEnvironment(name, w.names()) }

func unknownEnvironment(name string, all []string) error {
	return report.Usage(fmt.Sprintf("there is no environment %.80q; environments are: %s%s", name, strings.Join(all, ", "), config.Suggest(name, all)))
}

// released returns an error if an environment has no release, but the environment of this
// machine that stands for it has one: a command about the one must not act on the other.
// try is the command about the environment of this machine.
func (w *world) released(ctx context.Context, environment string, try string) error {
	local := w.config.LocalName(environment)
	if local == environment {
		return nil
	}
	return w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		if _, err := tx.Current(ctx, environment); !errors.Is(err, ledger.ErrNone) {
			return err
		}
		e, err := tx.Current(ctx, local)
		if err != nil {
			return nil // no release there either: the command itself reports it
		}
		return report.Usage(fmt.Sprintf("%s (%s) has no release, and it was neither asked nor changed; release %s is in %s (%s)\n  try: %s",
			environment, w.config.Environments[environment].Target, e.ID, local, report.LogLine(e.Target.String()), try))
	})
}
