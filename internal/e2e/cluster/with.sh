# Sourced: starts the cluster of cluster.sh for the rest of a script, unless
# KUBECONFIG names one. Where none can run, what needs one says that it is skipped.
cluster=internal/e2e/cluster/cluster.sh
if [ -z "${KUBECONFIG:-}" ]; then
	$cluster down # what a run that was killed has left
	if KUBECONFIG=$($cluster up); then
		export KUBECONFIG
		trap '$cluster down' EXIT
	else
		code=$?
		unset KUBECONFIG
		[ $code = 2 ] || exit $code
		echo "no cluster can run here: what needs one is skipped" >&2
	fi
fi
if [ -n "${KUBECONFIG:-}" ] && GOLDENPATH_CLUSTER_TOOLS=$($cluster tools); then
	export GOLDENPATH_CLUSTER_TOOLS
fi
