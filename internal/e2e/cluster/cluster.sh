#!/usr/bin/env bash
# Runs a Kubernetes cluster with one real node on this machine, for tests. Its pods
# run in containerd. Everything is built from source or is a Debian package.
#
#   cluster.sh build            builds its programs; the first time this takes minutes
#   cluster.sh up [node|api]    starts it and prints its kubeconfig; api: only the
#                               API server and controllers, which needs no root
#   cluster.sh status           prints the kubeconfig of a running cluster, or fails
#   cluster.sh pause-api N      kills its API server and starts it again N seconds later
#   cluster.sh down             removes all of it, in any state
#   cluster.sh tools            prints the folder of its programs: kubectl, helm…
#
# A node pulls over plain HTTP from a registry on localhost:5001, which starts
# empty. http://127.0.0.1:8081 serves the hosts of its Ingress objects, also as
# HTTP_PROXY. NodePorts are on 127.0.0.1. Its DNS resolves only the names of
# Services. It has no persistent volumes, and does not enforce NetworkPolicy.
#
# Exit codes: 1 an error, 2 the cluster cannot run on this machine, or the
# arguments are invalid. GOLDENPATH_CLUSTER is the folder for all its files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${GOLDENPATH_CLUSTER:-${XDG_CACHE_HOME:-$HOME/.cache}/goldenpath/cluster}
run=$home/run                     # of a running cluster; removed by down
sockets=/run/goldenpath-cluster   # short: the path of a socket has 107 bytes at most
owner=/run/goldenpath-cluster.of  # a link to the home of the cluster that has this machine as its node
bridge=gp-cluster
node_ip=10.244.0.1 pods=10.244.0.0/24 services=10.96.0.0/16
api=16443 etcd=12379 registry=5001 ingress=8081
node=node1

# Every process that a cluster starts, and their children, have this mark in their
# environment. down finds them by it, no matter how they were left over.
mark=GOLDENPATH_CLUSTER_MEMBER=$run

say() { printf '%4d s  %s\n' "$SECONDS" "$*" >&2; }
die() { printf 'cluster: %s\n' "${@:2}" >&2; exit "$1"; }
kubectl() { "$run/bin/kubectl" --kubeconfig "$run/kubeconfig" "$@"; }
owned() { [ "$(readlink "$owner")" = "$home" ]; }
listening() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start NAME COMMAND... runs the command detached from this shell and without its
# variables, so that it gets no proxy and no credential of a test's shell.
start() {
	local name=$1
	shift
	env -i "PATH=$run/bin:$PATH" "HOME=$run" "$mark" setsid "$@" >>"$run/$name.log" 2>&1 </dev/null &
	echo $! >"$run/$name.pid"
	printf '%q ' "$@" >"$run/$name.command"
}

# wait_for SECONDS NAME COMMAND... polls until the command succeeds.
wait_for() {
	local name=$2 end=$((SECONDS + $1))
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > end)); then
			tail -n 5 "$run"/*.log >&2
			die 1 "$name is not ready in time. The last lines of the logs are above, the logs are in $run. Remove the cluster with $0 down"
		fi
		sleep 0.1
	done
	say "$name"
}

# pause_api also stops the clients of the API server while it is unavailable. After
# refused requests each would wait up to a minute before it retries, and so would
# the tests.
pause_api() {
	[[ ${1:-} =~ ^[0-9]+$ ]] || die 2 "the number of seconds is missing. Example: $0 pause-api 20"
	[ -f "$run/up" ] || die 1 "no cluster is running: start one with $0 up"
	local name clients=()
	for name in kube-controller-manager kube-scheduler kubelet kube-proxy; do
		[ ! -f "$run/$name.pid" ] || clients+=("$(<"$run/$name.pid")")
	done
	kill -STOP "${clients[@]}"
	kill -KILL "$(<"$run/kube-apiserver.pid")"
	sleep "$1"
	eval "start kube-apiserver $(<"$run/kube-apiserver.command")"
	wait_for 60 "kube-apiserver again" kubectl get --raw /readyz
	kill -CONT "${clients[@]}"
}

source "$here/build.sh"
source "$here/up.sh"
source "$here/down.sh"

case ${1:-} in
build) build ;;
tools)
	build
	echo "$bin"
	;;
up | pause-api)
	# Run this script again with the mark, so that down ends it as well.
	[ "${GOLDENPATH_CLUSTER_MEMBER:-}" = "$run" ] || exec env "$mark" "$0" "$@"
	if [ "$1" = pause-api ]; then
		pause_api "${2:-}"
	else
		check "${2:-node}"
		build
		up "${2:-node}"
	fi
	;;
status)
	[ -f "$run/up" ] || die 1 "no cluster is running: start one with $0 up"
	kubectl get --raw /readyz >/dev/null || die 1 "its API server does not respond; see $run/kube-apiserver.log"
	echo "$run/kubeconfig"
	;;
down) down ;;
*) sed -n '2,/^set/s/^# \?//p' "$0" >&2; exit 2 ;;
esac
