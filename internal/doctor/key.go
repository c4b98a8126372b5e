package doctor

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// keyFile is the public half of the key that signs evidence.
const keyFile = ".goldenpath/evidence.pub"

func evidenceKey(p *patient) finding {
	b, err := p.read(keyFile)
	_, there := p.first(keyFile)
	mend := []string{"goldenpath key", "git add " + keyFile}
	switch {
	case !there && !p.does("promote"):
		return notApplicable(nothingDeploys)
	case !there:
		return finding{report.Failed, "no " + keyFile, "a promotion trusts no evidence without it", mend}
	case err != nil:
		return finding{report.Failed, err.Error(), "", mend}
	}
	block, _ := pem.Decode(b)
	switch {
	case bytes.Contains(b, []byte("PRIVATE KEY")):
		return finding{report.Failed, keyFile + " holds a private key", "whoever reads the repository can sign evidence", append([]string{"git rm --cached " + keyFile, "make another key, and never use this one again:"}, mend...)}
	case block == nil:
		return finding{report.Failed, keyFile + " is no PEM", "", mend}
	}
	if key, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return finding{report.Failed, fmt.Sprintf("%s: %v", keyFile, err), "", mend}
	} else if _, is := key.(ed25519.PublicKey); !is {
		return finding{report.Failed, fmt.Sprintf("%s is a %T, want Ed25519", keyFile, key), "", mend}
	}
	if !p.tracked(keyFile) {
		return finding{report.Failed, keyFile + " is not committed", "a promotion trusts no evidence without it", mend[1:]}
	}
	return finding{state: report.OK, seen: keyFile + " is an Ed25519 key"}
}
