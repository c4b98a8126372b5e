package process

import (
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// otherTarget is the remedy for images that need a container.
const otherTarget = "or deploy to the kubernetes target"

// refuse returns a refusal of an image that this target cannot run.
func refuse(problem, remedy string) error {
	return &target.Refusal{Problems: []string{problem + ": " + remedy}}
}

// checkPlatform refuses an image that was built for another system. An image that names
// no platform is accepted; only its program is checked.
func checkPlatform(cfg *v1.ConfigFile) error {
	if (cfg.OS == "" || cfg.OS == runtime.GOOS) && (cfg.Architecture == "" || cfg.Architecture == runtime.GOARCH) {
		return nil
	}
	host := runtime.GOOS + "/" + runtime.GOARCH
	return refuse("the image is built for "+cfg.OS+"/"+cfg.Architecture+", but this machine is "+host, "build it for "+host+" too, "+otherTarget)
}
