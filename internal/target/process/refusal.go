package process

import (
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Refusal is an image that this target cannot run, and what to do about it.
type Refusal struct {
	Reason string
	Remedy string
}

func (r *Refusal) Error() string { return r.Reason + ": " + r.Remedy }

// otherTarget is the way out of everything that follows from having no container.
const otherTarget = "or deploy to the kubernetes target"

// checkPlatform refuses an image for another system. One that names none is
// judged by its program alone.
func checkPlatform(cfg *v1.ConfigFile) error {
	if (cfg.OS == "" || cfg.OS == runtime.GOOS) && (cfg.Architecture == "" || cfg.Architecture == runtime.GOARCH) {
		return nil
	}
	return &Refusal{
		Reason: "the image is for " + cfg.OS + "/" + cfg.Architecture + ", this machine is " + runtime.GOOS + "/" + runtime.GOARCH,
		Remedy: "build it for " + runtime.GOOS + "/" + runtime.GOARCH + " too, " + otherTarget,
	}
}
