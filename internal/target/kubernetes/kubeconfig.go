package kubernetes

import (
	"bytes"
	"encoding/base64"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// kubeconfig loads a kubeconfig from given, which is its text, its text in base64, or the
// name of a file, or, if given is empty, from where kubectl looks. GitHub masks each line of
// a secret, so that a secret of several lines hides words such as "users:" in every log; in
// base64 it is one line. Text is parsed in memory and never
// written to a file, so its credentials are not left on disk even if the process is
// killed.
func kubeconfig(given, context string) (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: context}
	if text := KubeconfigText(given); text != "" {
		config, err := clientcmd.Load([]byte(text))
		if err != nil {
			// The parser's error may quote the text, which holds credentials.
			return nil, report.Usage("the kubeconfig is invalid: pass the whole file, as kubectl config view --raw --flatten prints it")
		}
		return clientcmd.NewDefaultClientConfig(*config, overrides), nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = given
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides), nil
}

// KubeconfigText returns the text of a kubeconfig that was given as text or in base64. It
// returns "" if given names a file.
func KubeconfigText(given string) string {
	if text, ok := decoded(given); ok {
		return text
	}
	if strings.ContainsAny(given, "\n{") {
		return given
	}
	return ""
}

// decoded returns the text of a kubeconfig in base64, which may be wrapped.
func decoded(given string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(given), ""))
	return string(b), err == nil && bytes.Contains(b, []byte("clusters"))
}
