package scaffold

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// target decides where the environments are deployed.
func (f *Facts) target(o Options) error {
	cluster := len(f.Charts) == 1 || len(f.Charts) == 0 && len(f.Kustomizations) == 1
	switch o.Target {
	case "process":
		f.Deploys, f.DeploysWhy = "process", "--target"
	case "kubernetes":
		f.Deploys, f.DeploysWhy = "kubernetes", "--target"
		if len(f.Charts)+len(f.Kustomizations) == 0 {
			return report.Usage("--target kubernetes needs a Helm chart or a kustomization in the repository: add one, or leave --target out")
		}
	case "terraform":
		f.Deploys, f.DeploysWhy = "terraform", "--target"
		if f.stack() == nil {
			return report.Usage("--target terraform needs one folder with a Terraform configuration that declares variable \"image\"; the repository has: " + f.folders())
		}
	case "server":
		f.Deploys, f.DeploysWhy = "server", "--target"
		if o.Host == "" || o.HostKey == "" {
			return report.Usage("--target server needs the server: pass --host NAME, whose SSH key is then read")
		}
		f.Host, f.HostKey = o.Host, o.HostKey
	case "":
		f.Deploys, f.DeploysWhy = "process", "the repository has no single chart or kustomization"
		switch s := f.stack(); {
		case cluster:
			f.Deploys, f.DeploysWhy = "kubernetes", f.source()
		case s != nil && len(f.Charts)+len(f.Kustomizations) == 0:
			f.Deploys, f.DeploysWhy = "terraform", s.dir+", which declares variable image"
		}
	default:
		return report.Usage(fmt.Sprintf("--target %.40q is not a target that init can set up: use process, server, kubernetes or terraform", o.Target))
	}
	return nil
}

// source is what is deployed to a cluster: the only chart or kustomization.
func (f *Facts) source() string {
	switch {
	case len(f.Charts) == 1:
		return "chart: " + scalar(f.Charts[0], true)
	case len(f.Charts) == 0 && len(f.Kustomizations) == 1:
		return "kustomize: " + scalar(f.Kustomizations[0], true)
	}
	return ""
}

// ports returns fixed ports for staging and production, so that their addresses stay the
// same in each release. They are derived from the name, because two repositories on one
// machine must differ, and lie below the ports that goldenpath gives to previews.
func (f *Facts) ports() (staging, production int) {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(f.Owner + "/" + f.App)))
	staging = 14000 + 2*int(h.Sum32()%2950)
	return staging, staging + 1
}
