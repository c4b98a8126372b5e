# Builds the images. Sourced by docker.sh.

# base prints the base image of the last stage of a Dockerfile.
base() {
	local packages="git ca-certificates $*" image from
	if [ $# = 0 ]; then
		image=$(sed -n 's/^ARG BASE_IMAGE=//p' "$top/Dockerfile")
		if docker image inspect "$image" >/dev/null 2>&1; then
			echo "$image"
			return
		fi
	fi
	from=$(sha256sum <<<"$suite $packages $(cat "$here/images.sh")" | cut -c1-12)
	local made=goldenpath-base:$from
	if docker image inspect "$made" >/dev/null 2>&1; then
		echo "$made"
		return
	fi
	locked
	if [ ! -f "$home/base-$from.tar" ]; then
		if [ $# = 0 ] && timeout 60 docker pull --quiet "$image" >/dev/null 2>&1; then
			echo "$image"
			return
		fi
		bootstrap "$home/base-$from.tar" $packages
	fi
	docker import "$home/base-$from.tar" "$made" >/dev/null
	say "image $made"
	echo "$made"
}

# bootstrap FILE PACKAGE… creates the file system of an image.
bootstrap() {
	[ "$(id -u)" = 0 ] || die 2 "the base image cannot be pulled, and building one needs root"
	need debootstrap debootstrap
	local file=$1 root=$home/root mirror
	shift
	rm -rf "$root"
	mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
		sed -nE 's/^(URIs: *|deb (\[[^]]*\] )?)([^ ]+\/debian)\/?( .*)?$/\3/p' | head -n 1)
	say "building a base image from Debian packages: $*"
	if ! debootstrap --variant=minbase "--include=$(tr ' ' , <<<"$*")" "$suite" "$root" ${mirror:+"$mirror"} >"$home/bootstrap.log" 2>&1; then
		tail -n 5 "$home/bootstrap.log" >&2
		die 2 "debootstrap does not work here. The last lines of its log are above, the log is $home/bootstrap.log"
	fi
	rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/usr/share/{doc,man,locale,info}
	find "$home" -name 'base-*.tar' -mtime +30 -delete # not used for a month
	tar -C "$root" -cf "$file.part" .
	mv "$file.part" "$file"
	rm -rf "$root"
}

# images puts the binaries in bin where the first stage of each Dockerfile would have
# built them. The tests therefore run images with every instruction of the last stage,
# without a copy of those instructions here.
images() {
	local name file context base
	base=$(base)
	context=$(mktemp -d)
	for name in goldenpath security-gate; do
		file=$top/Dockerfile
		[ "$name" = goldenpath ] || file=$file.$name
		[ -x "$top/bin/$name" ] || die 1 "bin/$name does not exist: run make bin/$name"
		cp -l "$top/bin/$name" "$context/" 2>/dev/null || cp "$top/bin/$name" "$context/"
		awk -v binary="$name" '
			/^FROM .* AS build$/ { building = 1; print "FROM scratch AS build\nCOPY " binary " /out/" binary; next }
			/^FROM / { building = 0 }
			!building
		' "$file" >"$context/Dockerfile"
		grep -q "^COPY --from=build /out/$name " "$context/Dockerfile" || die 1 "$file does not copy $name from a stage named build: update $here/images.sh"
		# Without BuildKit, which not every engine has; only the removed stage needs it.
		DOCKER_BUILDKIT=0 docker build --quiet --build-arg "BASE_IMAGE=$base" --tag "$name:e2e" "$context" >/dev/null 2>"$home/build.log" ||
			{ cat "$home/build.log" >&2; die 1 "cannot build image $name:e2e"; }
		say "image $name:e2e"
	done
	rm -rf "$context"
}
