package doctor

import (
	"bytes"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// keyFile is the public half of the key that signs evidence.
const keyFile = ".goldenpath/evidence.pub"

// evidenceKey checks that the commit contains the public key that promotions verify
// evidence with.
func evidenceKey(r *repo) finding {
	const consequence = "promotions cannot verify evidence without it"
	b, err := r.read(keyFile)
	_, exists := r.first(keyFile)
	fix := []string{"goldenpath key", "git add " + keyFile}
	switch {
	case !exists && !r.releases():
		return notApplicable(nothingDeploys)
	case !exists:
		return finding{report.Failed, "no " + keyFile, consequence, fix}
	case err != nil:
		return finding{report.Failed, err.Error(), "", fix}
	case bytes.Contains(b, []byte("PRIVATE KEY")):
		return finding{report.Failed, keyFile + " contains a private key", "anyone who can read the repository can sign evidence",
			append([]string{"git rm --cached " + keyFile, "create a new key and never use this one again:"}, fix...)}
	}
	if _, err := evidence.ParsePublic(b); err != nil {
		return finding{report.Failed, keyFile + ": " + err.Error(), "", fix}
	}
	if !r.tracked(keyFile) {
		return finding{report.Failed, keyFile + " is not committed", consequence, fix[1:]}
	}
	return finding{state: report.OK, found: keyFile + " is an Ed25519 key"}
}
