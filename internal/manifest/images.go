package manifest

import "strings"

func latestTag(_ pod, c container) []hit     { return moving(c.get("image")) }
func unpinnedImage(_ pod, c container) []hit { return unpinned(c.get("image")) }

func latestVolume(p pod) []hit   { return volumeImages(p, moving) }
func unpinnedVolume(p pod) []hit { return volumeImages(p, unpinned) }

// volumeImages checks the images that are mounted as volumes.
func volumeImages(p pod, check func(*field) []hit) (hits []hit) {
	for _, v := range p.spec.get("volumes").list() {
		if image := v.get("image"); image.set() {
			hits = append(hits, check(image.get("reference"))...)
		}
	}
	return hits
}

func moving(image *field) []hit {
	if image.text() == "" {
		if image.v == nil || image.v == "" {
			image.malformed("does not name an image")
		}
		return nil
	}
	name, tag, digest := split(image.text())
	switch {
	case digest:
		return nil
	case tag == "":
		return []hit{{image, "uses " + clip(name) + " without a tag, which means latest"}}
	case tag == "latest":
		return []hit{{image, "uses " + clip(name) + ":latest"}}
	}
	return nil
}

func unpinned(image *field) []hit {
	if _, tag, digest := split(image.text()); !digest && tag != "" && tag != "latest" {
		return []hit{{image, "uses " + clip(image.text()) + " by tag"}}
	}
	return nil
}

// split splits an image such as registry.example.com:5000/app:1.2@sha256:…
func split(image string) (name, tag string, digest bool) {
	image, sum, _ := strings.Cut(image, "@")
	algorithm, hash, _ := strings.Cut(sum, ":")
	digest = algorithm != "" && len(hash) >= 32
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i], image[i+1:], digest
	}
	return image, "", digest
}
