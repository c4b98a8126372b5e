# Sourced: makes a Docker engine answer and its images for the rest of a script.
# Where none can run, GOLDENPATH_DOCKER_SKIP says why: what needs one is skipped
# with that. Source it after what sets a trap of its own.
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
	echo "no Docker engine can run here: what needs one is skipped" >&2
fi
