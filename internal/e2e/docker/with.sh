# Sourced: provides a Docker engine and its images for the rest of a script. If Docker
# cannot run here, GOLDENPATH_DOCKER_SKIP contains the reason with which tests that
# need it are skipped. Source this after scripts that set a trap.
docker=internal/e2e/docker/docker.sh
unset GOLDENPATH_DOCKER_SKIP
if said=$({ $docker up && $docker images; } 2>&1); then
	also() { trap "${2:+$2; }$docker down" EXIT; }
	eval "also $(trap -p EXIT | sed 's/^trap//')"
else
	code=$?
	printf '%s\n' "$said" >&2
	[ $code = 2 ] || exit $code
	export GOLDENPATH_DOCKER_SKIP=${said##*$'\n'}
	echo "Docker cannot run here: tests that need it are skipped" >&2
fi
