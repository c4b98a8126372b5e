# Starts the node of the cluster: the changes to this machine, the container runtime
# and the kubelet. Sourced by up.sh.

cni_plugins() {
	local dir
	for dir in /usr/lib/cni /opt/cni/bin; do # on Debian, elsewhere
		[ -x "$dir/bridge" ] && break
	done
	echo "$dir"
}

# host changes the settings of this machine as pods need them. down finds everything
# that it adds by name; the previous settings are saved first.
host() {
	ln -sn "$home" "$owner" 2>/dev/null || die 1 "another cluster is running, or was left over: remove it with GOLDENPATH_CLUSTER=$(readlink "$owner") $0 down"
	mkdir -p "$sockets"
	local key
	# The kubelet and kube-proxy change these as well.
	for key in kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes vm.overcommit_memory vm.panic_on_oom \
		net.ipv4.ip_forward net.ipv4.conf.all.route_localnet net.bridge.bridge-nf-call-iptables; do
		sysctl -e "$key" 2>/dev/null || true
	done >"$run/sysctl"
	sysctl -qw net.ipv4.ip_forward=1
	# Pods of one bridge can connect to each other's Services only through iptables.
	# Not every kernel has this setting.
	sysctl -eqw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
	# The node uses the address of the bridge, which is the same on every machine.
	ip link add $bridge type bridge
	ip address add $node_ip/24 dev $bridge
	ip link set $bridge up
	# Docker drops all forwarded traffic that is not its own.
	local named=(-m comment --comment goldenpath-cluster)
	iptables -w -I FORWARD -s $pods "${named[@]}" -j ACCEPT
	iptables -w -I FORWARD -d $pods "${named[@]}" -j ACCEPT
	iptables -w -t nat -A POSTROUTING -s $pods ! -d $pods "${named[@]}" -j MASQUERADE
}

# runtime starts the registry and containerd.
runtime() {
	mkdir cni layers
	start registry registry -listen 127.0.0.1:$registry -dir "$run/layers" "pause:1=$bin/pause"
	cat >cni/10-pods.conflist <<-J
		{"cniVersion": "1.0.0", "name": "$bridge", "plugins": [{"type": "bridge", "bridge": "$bridge", "isGateway": true, "hairpinMode": true,
		"ipam": {"type": "host-local", "dataDir": "$run/addresses", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
	J
	# restrict_oom_score_adj: root of a virtual machine may lack permission to lower
	# the score, and runc would then fail with the message "EOF".
	cat >containerd.toml <<-T
		version = 2
		root = "$run/containerd"
		state = "$sockets/containerd"
		[grpc]
		address = "$sockets/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		path = "$run/opt"
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost:$registry/pause:1"
		restrict_oom_score_adj = true
		netns_mounts_under_state_dir = true
		stream_server_address = "127.0.0.1"
		[plugins."io.containerd.grpc.v1.cri".cni]
		bin_dir = "$(cni_plugins)"
		conf_dir = "$run/cni"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		runtime_type = "io.containerd.runc.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
		SystemdCgroup = false
		Root = "$sockets/runc"
	T
	start containerd containerd --config "$run/containerd.toml" --log-level warn
	wait_for 30 registry grep -q ready registry.log
	wait_for 30 containerd ctr --address "$sockets/containerd.sock" version
}

node() {
	cat >kubelet.yaml <<-Y
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		address: $node_ip
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $run/pki/ca.crt}}
		authorization: {mode: Webhook}
		tlsCertFile: $run/pki/kubelet.crt
		tlsPrivateKeyFile: $run/pki/kubelet.key
		containerRuntimeEndpoint: unix://$sockets/containerd.sock
		cgroupDriver: cgroupfs
		failCgroupV1: false
		failSwapOn: false
		podLogsDir: $run/pods
		volumePluginDir: $run/kubelet/volume-plugins
		clusterDNS: [$node_ip]
		clusterDomain: cluster.local
		# The disk of a test machine may be nearly full, which must not evict pods.
		imageGCHighThresholdPercent: 100
		evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
	Y
	start kubelet kubelet --config "$run/kubelet.yaml" --kubeconfig "$run/pki/kubelet.kubeconfig" --hostname-override $node \
		--node-ip $node_ip --root-dir "$run/kubelet" --cert-dir "$run/pki"
	# The zeros leave the connection tracking of this machine unchanged.
	start kube-proxy kube-proxy --kubeconfig "$run/pki/kube-proxy.kubeconfig" --hostname-override $node --proxy-mode iptables \
		--cluster-cidr $pods --healthz-bind-address 127.0.0.1:10256 --nodeport-addresses 127.0.0.0/8,$pods \
		--conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0s --conntrack-tcp-timeout-close-wait 0s
	start dns dns "$run/kubeconfig" $node_ip:53
	start ingress ingress "$run/kubeconfig" 127.0.0.1:$ingress
	wait_for 60 node kubectl wait --for condition=Ready "node/$node" --timeout 1s
	wait_for 30 kube-proxy iptables -w -t nat -S KUBE-SERVICES
	wait_for 30 ingress listening $ingress
}
