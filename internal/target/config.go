package target

import "github.com/seed-b235b314/goldenpath/internal/config"

// ReadyOf returns what a configuration says about readiness.
func ReadyOf(r config.Ready) Ready {
	return Ready{Path: r.Path, VersionPath: r.VersionPath, Timeout: r.Timeout.D()}
}

// MigrationOf returns what a configuration says about migrations.
func MigrationOf(m config.Migrate) Migration {
	return Migration{Shell: m.Shell, Argv: m.Argv, Timeout: m.Timeout.D()}
}

// ServicesOf returns the services that a configuration asks for.
func ServicesOf(s config.Services) Services {
	return Services{Postgres: Service(s.Postgres), Redis: Service(s.Redis)}
}
