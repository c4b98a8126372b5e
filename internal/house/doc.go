// Package house contains tests of rules for the whole project: layers, frozen names,
// linked packages, generated pages, plain English.
package house
