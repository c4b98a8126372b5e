package gate

import (
	"errors"

	"github.com/github/go-spdx/v2/spdxexp"
)

// errSPDX says that a text is no SPDX expression. The library panics over some,
// "(" for one, and a lock file may hold any.
var errSPDX = errors.New("no SPDX expression")

// LicenceIDs are the licences that an SPDX expression names.
func LicenceIDs(expression string) (ids []string, err error) {
	defer func() {
		if recover() != nil {
			ids, err = nil, errSPDX
		}
	}()
	return spdxexp.ExtractLicenses(expression)
}

// IsLicence reports whether a text is one SPDX id.
func IsLicence(id string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	ok, _ = spdxexp.ValidateLicenses([]string{id})
	return ok
}

// satisfies reports whether the licences are enough for an expression.
func satisfies(expression string, licences []string) (ok bool, err error) {
	defer func() {
		if recover() != nil {
			ok, err = false, errSPDX
		}
	}()
	return spdxexp.Satisfies(expression, licences)
}
