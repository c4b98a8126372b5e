# Builds programs of Go modules for the end-to-end tests. Sourced.

# build_module MODULE VERSION PACKAGE PROGRAM [FLAGS [PATCH]] builds a program in a copy of
# its module. "go install" can neither patch a module nor build one with replace directives.
build_module() {
	local module=$1 version=$2 package=$3 program=$4 copy
	copy=$(mktemp -d)
	(
		cd "$copy"
		export GOEXPERIMENT= CGO_ENABLED=0
		go mod download "$module@$version" # outside a module, so that it changes no go.mod
		cp -r "$(go env GOMODCACHE)/$module@$version/." .
		chmod -R u+w .
		[ -z "${6:-}" ] || git apply "$6"
		mkdir -p "$(dirname "$program")"
		go build -trimpath -ldflags "-s -w ${5:-}" -o "$program.part" "$package"
		mv "$program.part" "$program" # a build that is killed leaves no program
	) >&2
	rm -rf "$copy"
}
