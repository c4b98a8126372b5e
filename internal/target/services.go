package target

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Services are what a target provides beside an app.
type Services struct {
	Postgres Service
	Redis    Service
}

// Service is a server that an app asks for. The zero value means that there is none.
type Service struct {
	Version int    // major
	Image   string // by digest; "": the official image of the version
}

// ServiceKind is what targets know of one kind of service.
type ServiceKind struct {
	Name      string // in services of .goldenpath.yml, and in the network of an environment
	Title     string // for a person
	Port      int
	Address   string // variable with the whole address: who sets it has a service of their own
	Upgrades  bool   // a newer major version reads the data of an older one
	Variables func(host string, port int, password string) map[string]string
	Container ServiceContainer

	of func(Services) Service
}

// ServiceContainer is how the official image runs as ServiceUser, without rights and with a
// read-only file system.
type ServiceContainer struct {
	Image    string // without a tag
	Data     string // folder of the data
	Writable []string
	Env      map[string]string
	Secret   string   // variable with the password
	Command  []string // nil: that of the image
	Ready    []string // ends with exit code 0 if the server accepts connections
}

const (
	// ServiceUser is the id of the user and the group in the official images.
	ServiceUser = 999
	// ServiceMemory is the variable with the bytes of memory that the data may use; 0: no limit.
	ServiceMemory = "GOLDENPATH_MEMORY"
	// PostgresName is the name of the user and of the database of a PostgreSQL server.
	PostgresName = "app"
)

// Postgres and Redis are the kinds of services.
var (
	Postgres = &ServiceKind{
		Name: "postgres", Title: "PostgreSQL", Port: 5432, Address: "DATABASE_URL",
		Variables: func(host string, port int, password string) map[string]string {
			return map[string]string{
				"DATABASE_URL": fmt.Sprintf("postgresql://%s:%s@%s:%d/%[1]s?sslmode=disable", PostgresName, password, host, port),
				"PGHOST":       host, "PGPORT": strconv.Itoa(port), "PGUSER": PostgresName, "PGPASSWORD": password, "PGDATABASE": PostgresName, "PGSSLMODE": "disable",
			}
		},
		Container: ServiceContainer{
			Image: "docker.io/library/postgres", Data: "/var/lib/postgresql/data", Writable: []string{"/var/run/postgresql", "/tmp"},
			Env: map[string]string{"POSTGRES_USER": PostgresName, "POSTGRES_DB": PostgresName, "PGDATA": "/var/lib/postgresql/data/goldenpath"}, Secret: "POSTGRES_PASSWORD",
			Ready: []string{"pg_isready", "--host", "127.0.0.1", "--username", PostgresName, "--dbname", PostgresName},
		},
		of: func(s Services) Service { return s.Postgres },
	}
	Redis = &ServiceKind{
		Name: "redis", Title: "Redis", Port: 6379, Address: "REDIS_URL", Upgrades: true,
		Variables: func(host string, port int, password string) map[string]string {
			return map[string]string{
				"REDIS_URL":  fmt.Sprintf("redis://:%s@%s:%d/0", password, host, port),
				"REDIS_HOST": host, "REDIS_PORT": strconv.Itoa(port), "REDIS_PASSWORD": password,
			}
		},
		Container: ServiceContainer{
			Image: "docker.io/library/redis", Data: "/data", Writable: []string{"/tmp"}, Secret: "REDISCLI_AUTH",
			// A password among the arguments would be in every list of processes.
			Command: []string{"sh", "-c", `umask 077 && printf '%s\n' "requirepass $REDISCLI_AUTH" 'dir /data' 'appendonly yes' "maxmemory ${` + ServiceMemory + `:-0}" > /tmp/redis.conf && exec redis-server /tmp/redis.conf`},
			Ready:   []string{"sh", "-c", "redis-cli ping | grep -q PONG"}, // its exit code is 0 while it loads, too
		},
		of: func(s Services) Service { return s.Redis },
	}
	ServiceKinds = []*ServiceKind{Postgres, Redis}
)

// Of returns what is asked for of a kind.
func (k *ServiceKind) Of(s Services) Service { return k.of(s) }

// Wanted returns the kinds that a deployment asks for, but those of which a variable is set: who
// sets one has a service of their own. has reports whether a variable is set; nil: none is.
func (s Services) Wanted(has func(variable string) bool) (all []*ServiceKind) {
	for _, k := range ServiceKinds {
		if k.of(s).Version > 0 && (has == nil || !slices.ContainsFunc(slices.Collect(maps.Keys(k.Variables("", 0, ""))), has)) {
			all = append(all, k)
		}
	}
	return all
}

// Official returns the official image of a version.
func (k *ServiceKind) Official(version int) string {
	return fmt.Sprintf("%s:%d", k.Container.Image, version)
}
