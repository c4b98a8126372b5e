// Command cloud is the command line of a small cloud, with which Terraform configurations of
// tests deploy without an account.
//
//	cloud put NAME IMAGE     runs an image as a service, or replaces its image
//	cloud delete NAME        removes a service
//
// CLOUD is the address of the cloud, and GOOGLE_OAUTH_ACCESS_TOKEN the credential.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var method, name, body string
	switch {
	case len(args) == 3 && args[0] == "put":
		method, name, body = http.MethodPut, args[1], args[2]
	case len(args) == 2 && args[0] == "delete":
		method, name = http.MethodDelete, args[1]
	default:
		return fmt.Errorf("want put NAME IMAGE or delete NAME, not %q", args)
	}
	req, err := http.NewRequest(method, os.Getenv("CLOUD")+"/services/"+name, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("GOOGLE_OAUTH_ACCESS_TOKEN"))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s of service %s: %s: %s", args[0], name, res.Status, strings.TrimSpace(string(b)))
	}
	return err
}
