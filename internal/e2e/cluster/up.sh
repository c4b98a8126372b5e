# Starts the cluster: its requirements, keys and API server. Sourced by cluster.sh.

# check installs missing packages. If this machine cannot run the kind of cluster, it
# reports why and exits.
check() {
	[ "$(uname -s)" = Linux ] || die 2 "the cluster runs on Linux only; elsewhere set KUBECONFIG to a cluster for tests"
	local ports="$api $etcd $((etcd + 1)) 10257 10259" port
	case $1 in
	api) ;;
	node)
		[ "$(id -u)" = 0 ] || die 2 "a node needs root (namespaces, mounts, iptables): run it as root, or set KUBECONFIG to a cluster for tests"
		ports+=" $registry $ingress 10248 10249 10250 10256"
		;;
	*) die 2 "up takes node or api, not $1" ;;
	esac
	[ ! -d "$run" ] || die 1 "a cluster is already running, or was left over in $run: see $0 status, or remove it with $0 down"
	for port in $ports; do
		! listening "$port" || die 1 "port $port is in use. If another cluster runs on this machine, stop it first"
	done
	need openssl openssl
	[ "$1" = node ] || return 0
	need containerd containerd
	need runc runc
	need iptables iptables
	need ip iproute2
	[ -x "$(cni_plugins)/bridge" ] || need bridge-cni containernetworking-plugins
}

up() {
	mkdir -p "$home"
	mkdir "$run"
	cd "$run"
	ln -s "$bin" bin
	keys
	start etcd etcd --data-dir "$run/etcd" --listen-client-urls "http://127.0.0.1:$etcd" --advertise-client-urls "http://127.0.0.1:$etcd" \
		--listen-peer-urls "http://127.0.0.1:$((etcd + 1))" --initial-advertise-peer-urls "http://127.0.0.1:$((etcd + 1))" \
		--initial-cluster "default=http://127.0.0.1:$((etcd + 1))" --unsafe-no-fsync --log-level warn
	wait_for 30 etcd listening "$etcd"
	api_server
	if [ "$1" = node ]; then
		host
		runtime
	fi
	wait_for 120 kube-apiserver kubectl get --raw /readyz
	controllers
	if [ "$1" = node ]; then
		node
	fi
	# Without it pods are not admitted to a namespace.
	wait_for 60 controllers kubectl --namespace default get serviceaccount default
	touch "$run/up"
	echo "$run/kubeconfig"
}

# keys creates an authority, one certificate for all, and a kubeconfig for each
# client.
keys() {
	mkdir -m 700 pki
	printf '[req]\ndistinguished_name=dn\n[dn]\n' >pki/openssl.cnf # with the system's, each certificate would be an authority
	certificate ca /CN=goldenpath-cluster -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
	local signed=(-CA pki/ca.crt -CAkey pki/ca.key -addext extendedKeyUsage=clientAuth,serverAuth)
	certificate apiserver /CN=kube-apiserver "${signed[@]}" -addext "subjectAltName=IP:127.0.0.1,IP:$node_ip,IP:${services%.*}.1,DNS:localhost,DNS:kubernetes.default.svc"
	certificate kubelet "/O=system:nodes/CN=system:node:$node" "${signed[@]}" -addext "subjectAltName=IP:$node_ip"
	certificate tokens /CN=service-account-tokens "${signed[@]}"
	certificate admin /O=system:masters/CN=admin "${signed[@]}"
	for name in kube-controller-manager kube-scheduler kube-proxy; do
		certificate "$name" "/CN=system:$name" "${signed[@]}"
	done
	for name in admin kubelet kube-controller-manager kube-scheduler kube-proxy; do
		kubeconfig "$name" >"pki/$name.kubeconfig"
	done
	install -m 600 pki/admin.kubeconfig kubeconfig
}

certificate() { # name, subject, more
	openssl req -config pki/openssl.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 30 \
		-subj "$2" -keyout "pki/$1.key" -out "pki/$1.crt" "${@:3}" 2>>pki/log
}

kubeconfig() { # name
	cat <<-Y
		apiVersion: v1
		kind: Config
		clusters: [{name: goldenpath, cluster: {server: "https://127.0.0.1:$api", certificate-authority-data: $(base64 -w0 pki/ca.crt)}}]
		users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "pki/$1.crt"), client-key-data: $(base64 -w0 "pki/$1.key")}}]
		contexts: [{name: goldenpath, context: {cluster: goldenpath, user: $1}}]
		current-context: goldenpath
	Y
}

api_server() {
	# Pods use the node's address for it, if there is a node.
	start kube-apiserver kube-apiserver --etcd-servers "http://127.0.0.1:$etcd" --secure-port $api --advertise-address $node_ip \
		--tls-cert-file "$run/pki/apiserver.crt" --tls-private-key-file "$run/pki/apiserver.key" --client-ca-file "$run/pki/ca.crt" \
		--service-account-issuer https://kubernetes.default.svc --service-account-key-file "$run/pki/tokens.crt" \
		--service-account-signing-key-file "$run/pki/tokens.key" --service-cluster-ip-range $services \
		--kubelet-client-certificate "$run/pki/admin.crt" --kubelet-client-key "$run/pki/admin.key" \
		--kubelet-certificate-authority "$run/pki/ca.crt" --kubelet-preferred-address-types InternalIP \
		--authorization-mode Node,RBAC --allow-privileged
}

# controllers exit if the API server does not respond, so they start after it.
controllers() {
	# The rates are high enough for tests that create thousands of namespaces.
	local config=$run/pki/kube-controller-manager.kubeconfig
	start kube-controller-manager kube-controller-manager --kubeconfig "$config" --authentication-kubeconfig "$config" \
		--authorization-kubeconfig "$config" --bind-address 127.0.0.1 --leader-elect=false \
		--service-account-private-key-file "$run/pki/tokens.key" --root-ca-file "$run/pki/ca.crt" --use-service-account-credentials \
		--kube-api-qps 500 --kube-api-burst 1000 --concurrent-namespace-syncs 50
	config=$run/pki/kube-scheduler.kubeconfig
	start kube-scheduler kube-scheduler --kubeconfig "$config" --authentication-kubeconfig "$config" \
		--authorization-kubeconfig "$config" --bind-address 127.0.0.1 --leader-elect=false
}

source "$here/node.sh"
