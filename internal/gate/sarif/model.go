package sarif

import "encoding/json/jsontext"

// The parts of SARIF 2.1.0 that are read. JSON names are those of the standard.

type log struct {
	Version string     `json:"version"`
	Runs    []run      `json:"runs"`
	Inline  []external `json:"inlineExternalProperties"`
}

type external struct{}

type run struct {
	Tool        tool                        `json:"tool"`
	Results     []result                    `json:"results"` // nil: absent
	Invocations []invocation                `json:"invocations"`
	Provenance  []provenance                `json:"versionControlProvenance"`
	Bases       map[string]artifactLocation `json:"originalUriBaseIds"`
	Artifacts   []artifact                  `json:"artifacts"`
	Steps       []step                      `json:"threadFlowLocations"`
	Elsewhere   map[string]jsontext.Value   `json:"externalPropertyFileReferences"`

	at string // JSON pointer
}

type tool struct {
	Driver     component   `json:"driver"`
	Extensions []component `json:"extensions"`
}

type component struct {
	Name            string             `json:"name"`
	GUID            string             `json:"guid"`
	Version         string             `json:"version"`
	SemanticVersion string             `json:"semanticVersion"`
	Rules           []descriptor       `json:"rules"`
	Notifications   []descriptor       `json:"notifications"`
	Strings         map[string]message `json:"globalMessageStrings"`

	rules, notifications descriptors // the same, to look up
}

type descriptor struct {
	ID            string             `json:"id"`
	GUID          string             `json:"guid"`
	Short         message            `json:"shortDescription"`
	Full          message            `json:"fullDescription"`
	Help          message            `json:"help"`
	HelpURI       string             `json:"helpUri"`
	Strings       map[string]message `json:"messageStrings"`
	Configuration configuration      `json:"defaultConfiguration"`
	Properties    properties         `json:"properties"`
}

type configuration struct {
	Level string `json:"level"`
}

type properties struct {
	SecuritySeverity jsontext.Value `json:"security-severity"`
}

type message struct {
	Text      string   `json:"text"`
	Markdown  string   `json:"markdown"`
	ID        string   `json:"id"`
	Arguments []string `json:"arguments"`
}

// reference refers to a rule or another descriptor.
type reference struct {
	ID        string              `json:"id"`
	Index     *int                `json:"index"`
	GUID      string              `json:"guid"`
	Component *componentReference `json:"toolComponent"`
}

type componentReference struct {
	Name  string `json:"name"`
	Index *int   `json:"index"`
	GUID  string `json:"guid"`
}

type invocation struct {
	Successful    *bool            `json:"executionSuccessful"`
	Folder        artifactLocation `json:"workingDirectory"`
	Signal        string           `json:"exitSignalName"`
	StartFailure  string           `json:"processStartFailureMessage"`
	Execution     []notification   `json:"toolExecutionNotifications"`
	Configuration []notification   `json:"toolConfigurationNotifications"`
	Overrides     []override       `json:"ruleConfigurationOverrides"`
}

type notification struct {
	Level      string    `json:"level"`
	Message    message   `json:"message"`
	Descriptor reference `json:"descriptor"`
}

type override struct {
	Descriptor    reference     `json:"descriptor"`
	Configuration configuration `json:"configuration"`
}

type provenance struct {
	Revision string           `json:"revisionId"`
	Mapped   artifactLocation `json:"mappedTo"`
}

type artifact struct {
	Location artifactLocation `json:"location"`
}

type artifactLocation struct {
	URI    string `json:"uri"`
	BaseID string `json:"uriBaseId"`
	Index  *int   `json:"index"`
}

type location struct {
	Physical *physicalLocation `json:"physicalLocation"`
}

type physicalLocation struct {
	Artifact artifactLocation `json:"artifactLocation"`
	Region   region           `json:"region"`
}

// region is a range of lines. The field snippet is left out, because it may contain a
// secret.
type region struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
}

type result struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    *int              `json:"ruleIndex"`
	Rule         *reference        `json:"rule"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      message           `json:"message"`
	Locations    []location        `json:"locations"`
	Related      []location        `json:"relatedLocations"`
	Flows        []codeFlow        `json:"codeFlows"`
	Partial      map[string]string `json:"partialFingerprints"`
	Suppressions []suppression     `json:"suppressions"`
	Baseline     string            `json:"baselineState"`
	Fixes        []fix             `json:"fixes"`
	Provenance   resultProvenance  `json:"provenance"`
	Properties   properties        `json:"properties"`

	at string // JSON pointer
}

type suppression struct{}

type fix struct {
	Description message `json:"description"`
}

type resultProvenance struct {
	Invocation *int `json:"invocationIndex"`
}

type codeFlow struct {
	Threads []thread `json:"threadFlows"`
}

type thread struct {
	Steps []step `json:"locations"`
}

type step struct {
	Index    *int     `json:"index"`
	Location location `json:"location"`
}
