#!/usr/bin/env bash
# A Kubernetes of one real node on this machine, for tests: its pods run, in
# containerd. Everything it needs is built from source or a Debian package.
#
#   cluster.sh build            makes its programs; the first time this takes minutes
#   cluster.sh up [node|api]    starts it and prints its kubeconfig; api: the API
#                               server and controllers only, which needs no root
#   cluster.sh status           prints the kubeconfig of one that is up, or fails
#   cluster.sh pause-api N      kills its API server and starts it again N seconds later
#   cluster.sh down             removes all of it, whatever state it is in
#   cluster.sh tools            prints the folder of its programs: kubectl, helm…
#
# A node pulls from a registry on localhost:5001, as plain HTTP, which starts
# empty. http://127.0.0.1:8081 answers for the hosts of its Ingress objects, also
# as HTTP_PROXY. NodePorts answer on 127.0.0.1. Its DNS knows Services and nothing
# else. It has no volumes by claim, and does not enforce NetworkPolicy.
#
# Exit codes: 1 it does not work, 2 it cannot work on this machine or was asked
# for wrongly. GOLDENPATH_CLUSTER is the folder it keeps everything in.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${GOLDENPATH_CLUSTER:-${XDG_CACHE_HOME:-$HOME/.cache}/goldenpath/cluster}
run=$home/run                     # of one that is up; gone when it is down
sockets=/run/goldenpath-cluster   # short: the path of a socket has 107 bytes at most
owner=/run/goldenpath-cluster.of  # a link to the home of the one whose node this machine is
bridge=gp-cluster
node_ip=10.244.0.1 pods=10.244.0.0/24 services=10.96.0.0/16
api=16443 etcd=12379 registry=5001 ingress=8081
node=node1

# What a cluster starts has this mark in its environment, and what that starts in
# turn: down finds them by it, however they came to be left over.
mark=GOLDENPATH_CLUSTER_MEMBER=$run

say() { printf '%4d s  %s\n' "$SECONDS" "$*" >&2; }
die() { printf 'cluster: %s\n' "${@:2}" >&2; exit "$1"; }
kubectl() { "$run/bin/kubectl" --kubeconfig "$run/kubeconfig" "$@"; }
owned() { [ "$(readlink "$owner")" = "$home" ]; }
listening() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start NAME COMMAND... runs it apart from this shell, with none of its variables:
# no proxy, and no credential that a test's shell may hold.
start() {
	local name=$1
	shift
	env -i "PATH=$run/bin:$PATH" "HOME=$run" "$mark" setsid "$@" >>"$run/$name.log" 2>&1 </dev/null &
	echo $! >"$run/$name.pid"
	printf '%q ' "$@" >"$run/$name.command"
}

# wait_for SECONDS NAME COMMAND... polls until the command holds.
wait_for() {
	local name=$2 end=$((SECONDS + $1))
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > end)); then
			tail -n 5 "$run"/*.log >&2
			die 1 "$name is not ready in time; its last lines are above, all of them in $run: remove it with $0 down"
		fi
		sleep 0.1
	done
	say "$name"
}

# pause_api stops those that ask the API server while it is away: after refusals
# each would wait for up to a minute before it asks again, and tests with it.
pause_api() {
	[[ ${1:-} =~ ^[0-9]+$ ]] || die 2 "say for how many seconds: $0 pause-api 20"
	[ -f "$run/up" ] || die 1 "none is up: start one with $0 up"
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
	# Again with the mark, so that down ends this as well.
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
	[ -f "$run/up" ] || die 1 "none is up: start one with $0 up"
	kubectl get --raw /readyz >/dev/null || die 1 "its API server does not answer; see $run/kube-apiserver.log"
	echo "$run/kubeconfig"
	;;
down) down ;;
*) sed -n '2,/^set/s/^# \?//p' "$0" >&2; exit 2 ;;
esac
