# Builds the programs of the cluster. Sourced by cluster.sh.

. "$here/../need.sh"

# build builds the programs and sets bin to their folder. Its name is a hash of
# everything they are built from, so that another version gets another folder.
build() {
	local from version
	from=$(cd "$here" && sha256sum _kube/* registry/* pause/* build.sh && grep go-containerregistry ../../../go.mod && go version)
	version=$(sed -n 's#^\tk8s.io/kubernetes \(v.*\)#\1#p' "$here/_kube/kube.mod")
	bin=$home/bin/$version-$(sha256sum <<<"$from" | cut -c1-12)
	if [ -d "$bin" ]; then
		touch "$bin"
		return
	fi

	mkdir -p "$home/bin"
	exec 8>"$home/build.lock"
	flock 8 # a second concurrent build would only slow down both
	[ -d "$bin" ] || make_programs "$version"
	exec 8>&- # otherwise processes started later would hold the lock
}

# make_programs VERSION builds the programs into bin.
make_programs() {
	say "building Kubernetes $1: 5 to 9 minutes the first time, half a minute when Go's build cache is warm"
	find "$home/bin" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} + # not used for a month
	local source=$home/build out=$home/build/out number=${1#v1.} stamp=
	rm -rf "$source"
	mkdir -p "$out"
	cp "$here"/_kube/*.go "$source/"
	# Scanners, editors and `go list` would take a go.mod in the tree for a part of
	# this project, but the product does not use it.
	cp "$here/_kube/kube.mod" "$source/go.mod"
	cp "$here/_kube/kube.sum" "$source/go.sum"
	number=${number%.*}
	stamp="-X k8s.io/component-base/version.gitVersion=$1 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$number"
	stamp+=" -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=$number"
	export CGO_ENABLED=0
	(
		cd "$source"
		export GOFLAGS="-mod=readonly -trimpath -buildvcs=false" GOWORK=off GOEXPERIMENT=
		go build -ldflags "-s -w $stamp" -o "$out/kube" .
		say "kube"
		go build -ldflags "-s -w $stamp" -o "$out/" helm.sh/helm/v3/cmd/helm
		say "helm"
	)
	(cd "$here" && GOFLAGS="-trimpath -buildvcs=false" go build -ldflags "-s -w" -o "$out/" ./registry ./pause)
	for name in etcd kubectl kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy ingress dns; do
		ln -s kube "$out/$name"
	done
	mv "$out" "$bin" # atomic: a killed build leaves nothing that looks complete
	rm -rf "$source"
}
