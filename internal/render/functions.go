package render

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

const maxRepeat = 1 << 20

// calls records which functions were called whose result differs each time.
type calls map[string]bool

// functions replaces Helm functions that can exhaust the memory with one call, and
// functions whose result changes with every rendering. For inspection, the latter
// return constants, so that a chart always renders to the same objects; otherwise their
// calls are recorded.
func functions(inspect bool, called calls) template.FuncMap {
	all := template.FuncMap{"repeat": repeat, "until": until, "untilStep": untilStep}
	some := func(n int) (string, error) { return repeat(n, "x") }
	for name, constant := range map[string]any{
		"randAlphaNum": some,
		"randAlpha":    some,
		"randAscii":    some,
		"randNumeric":  func(n int) (string, error) { return repeat(n, "1") },
		"randBytes": func(n int) (string, error) {
			s, err := repeat(n, "x")
			return base64.StdEncoding.EncodeToString([]byte(s)), err
		},
		"randInt": func(least, _ int) int { return least },
		"shuffle": func(s string) string { return s },
		"uuidv4":  func() string { return "00000000-0000-4000-8000-000000000000" },
	} {
		all[name] = constant
	}
	if inspect {
		return all
	}
	random := sprig.TxtFuncMap()
	for _, name := range varying {
		all[name] = noted(random[name], func() { called[name] = true })
	}
	for _, name := range []string{"randAlphaNum", "randAlpha", "randAscii", "randNumeric"} {
		own := all[name].(func(int) string)
		all[name] = func(n int) (string, error) {
			_, err := repeat(n, "x")
			if err != nil || n <= 0 {
				return "", err
			}
			return own(n), nil
		}
	}
	bytes := all["randBytes"].(func(int) (string, error))
	all["randBytes"] = func(n int) (string, error) {
		if _, err := repeat(n, "x"); err != nil {
			return "", err
		}
		return bytes(max(0, n))
	}
	return all
}

// varying are the functions that return random values or the time.
var varying = []string{
	"ago", "bcrypt", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
	"genSignedCert", "genSignedCertWithKey", "htpasswd", "now", "randAlpha", "randAlphaNum", "randAscii", "randBytes",
	"randInt", "randNumeric", "shuffle", "uuidv4",
}

// noted wraps a function so that its calls are recorded. None of the functions is
// variadic.
func noted(f any, note func()) any {
	v := reflect.ValueOf(f)
	return reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
		note()
		return v.Call(args)
	}).Interface()
}

func repeat(n int, s string) (string, error) {
	if n > maxRepeat || n > 0 && n*len(s) > maxRepeat {
		return "", fmt.Errorf("repeat: more than %d bytes", maxRepeat)
	}
	return strings.Repeat(s, max(0, n)), nil
}

func until(n int) ([]int, error) {
	if n < 0 {
		return untilStep(0, n, -1)
	}
	return untilStep(0, n, 1)
}

func untilStep(from, to, step int) ([]int, error) {
	out := []int{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		if len(out) == maxRepeat {
			return nil, fmt.Errorf("until: more than %d numbers", maxRepeat)
		}
		out = append(out, i)
	}
	return out, nil
}
