// Package house holds the tests that keep the project's promises about itself:
// layers, frozen names, what is linked into what.
package house
