package render

import (
	"cmp"
	"errors"
	"fmt"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"k8s.io/apimachinery/pkg/util/validation"
)

// check returns an error for names that a release or a namespace cannot have, because
// templates write the names into YAML without escaping.
func (r Release) check() error {
	if r.Name != "" && chartutil.ValidateReleaseName(r.Name) != nil {
		return fmt.Errorf("%s is not a valid release name: use at most 53 characters of a-z, 0-9, - and .", clip(r.Name))
	}
	if r.Namespace != "" && len(validation.IsDNS1123Label(r.Namespace)) > 0 {
		return fmt.Errorf("%s is not a valid namespace: use at most 63 characters of a-z, 0-9 and -", clip(r.Namespace))
	}
	return nil
}

func (r Release) options(c *chart.Chart) common.ReleaseOptions {
	return common.ReleaseOptions{
		Name: cmp.Or(r.Name, c.Name()), Namespace: cmp.Or(r.Namespace, "default"),
		Revision: max(1, r.Revision), IsInstall: !r.Upgrade, IsUpgrade: r.Upgrade,
	}
}

func (r Release) capabilities() (*common.Capabilities, error) {
	able := common.DefaultCapabilities.Copy()
	if r.KubeVersion != "" {
		version, err := common.ParseKubeVersion(r.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("cannot read the version of the cluster: %w", err)
		}
		able.KubeVersion = *version
	}
	if len(r.APIVersions) > 0 {
		able.APIVersions = r.APIVersions
	}
	return able, nil
}

// fits returns an error for a chart that Helm would not install in the cluster.
func (r Release) fits(c *chart.Chart, able *common.Capabilities) error {
	want := c.Metadata.KubeVersion
	switch {
	case r.Inspect:
		return nil
	case c.Metadata.Type == "library":
		return errors.New("a library chart cannot be deployed")
	case r.KubeVersion != "" && want != "" && !chartutil.IsCompatibleRange(want, able.KubeVersion.String()):
		return fmt.Errorf("the chart requires Kubernetes %s, but the cluster has %s", want, able.KubeVersion.Version)
	}
	return nil
}
