package terraform

import (
	"maps"
	"slices"
)

// Description is what a configuration declares, so that an environment can be set up with it.
type Description struct {
	Image    bool     // it has a variable for the image, so it deploys an app
	URL      bool     // it has an output for the address
	Recorded bool     // it records what is deployed, as a release requires
	Backend  string   // type of the backend; "": the state stays on the machine
	Settings bool     // the backend's settings are in the configuration
	Required []string // variables without a default that goldenpath does not set
}

// Describe reads the files of a folder, by their names. Files that are not .tf files are
// ignored.
func Describe(shown string, sources map[string]string) (Description, error) {
	c := &configuration{variables: map[string]*variable{}, outputs: map[string]bool{}, assigned: map[string]bool{}}
	at := folder{shown: shown}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		if _, kind := split(name); kind != "tf" {
			continue
		}
		f, err := at.parseBytes(name, []byte(sources[name]))
		if err == nil {
			err = c.collect(at, f)
		}
		if err != nil {
			return Description{}, err
		}
	}
	d := Description{
		Image: c.variables["image"] != nil, URL: c.outputs["url"], Recorded: c.outputs["goldenpath"] && c.variables["goldenpath"] != nil, Settings: c.settings,
	}
	if !c.local() {
		d.Backend = c.backend
	}
	std := standard("pr-1", "1", map[string]string{"image": "i", "digest": "d", "commit": "c", "app": "a", "environment": "e"}, nil)
	for _, name := range slices.Sorted(maps.Keys(c.variables)) {
		if _, set := std[name]; !set && c.variables[name].required {
			d.Required = append(d.Required, name)
		}
	}
	return d, nil
}
