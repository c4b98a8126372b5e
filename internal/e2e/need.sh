# Installs what a script of this folder lacks. Sourced by those that define say and die.

# need COMMAND PACKAGE installs a Debian package if the command is missing.
need() {
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		die 2 "$1 is missing: install it (Debian: $2)"
	fi
	say "installing $2"
	[ -n "${updated:-}" ] || apt-get update -qq
	updated=1
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}
