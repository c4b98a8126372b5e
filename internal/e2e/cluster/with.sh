# Sourced: starts the cluster of cluster.sh for the rest of a script, unless
# KUBECONFIG is set. If no cluster can run here, tests that need one are skipped.
cluster=internal/e2e/cluster/cluster.sh
if [ -z "${KUBECONFIG:-}" ]; then
	$cluster down # remove what a killed run left
	if KUBECONFIG=$($cluster up); then
		export KUBECONFIG
		trap '$cluster down' EXIT
	else
		code=$?
		unset KUBECONFIG
		[ $code = 2 ] || exit $code
		echo "a cluster cannot run here: tests that need one are skipped" >&2
	fi
fi
if [ -n "${KUBECONFIG:-}" ] && GOLDENPATH_CLUSTER_TOOLS=$($cluster tools); then
	export GOLDENPATH_CLUSTER_TOOLS
fi
