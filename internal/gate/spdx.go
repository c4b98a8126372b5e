package gate

import (
	"errors"

	"github.com/github/go-spdx/v2/spdxexp"
)

// errSPDX is returned if the SPDX library panics, as it does for the expression "(".
// Lock files may contain any text.
var errSPDX = errors.New("not an SPDX expression")

// LicenceIDs returns the licences that an SPDX expression names.
func LicenceIDs(expression string) (ids []string, err error) {
	defer func() {
		if recover() != nil {
			ids, err = nil, errSPDX
		}
	}()
	return spdxexp.ExtractLicenses(expression)
}

// IsLicence reports whether a text is a single SPDX id.
func IsLicence(id string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	ok, _ = spdxexp.ValidateLicenses([]string{id})
	return ok
}

// satisfies reports whether the licences satisfy an SPDX expression.
func satisfies(expression string, licences []string) (ok bool, err error) {
	defer func() {
		if recover() != nil {
			ok, err = false, errSPDX
		}
	}()
	return spdxexp.Satisfies(expression, licences)
}
