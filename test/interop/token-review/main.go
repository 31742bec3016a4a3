// Judges service account tokens as the Kubernetes API server does, on its library for them. One JSON line of a request on
// standard input gets one JSON line of a verdict on standard output, in order.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

type request struct {
	Token     string    `json:"token"`
	Now       time.Time `json:"now"`
	Audiences []string  `json:"audiences"`
}

// A TokenReviewStatus with its user's fields beside the others.
type status struct {
	Authenticated bool                `json:"authenticated"`
	Username      string              `json:"username"`
	UID           string              `json:"uid"`
	Audiences     []string            `json:"audiences"`
	Extra         map[string][]string `json:"extra"`
	Error         string              `json:"error"`
}

func main() {
	jwks := flag.String("jwks", "", "file of the issuer's JWK Set")
	issuer := flag.String("issuer", "", "what a token's iss must be")
	flag.Parse()
	if err := run(*jwks, *issuer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(jwks, issuer string) error {
	reviewer, err := newReviewer(jwks, issuer)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	// A request may hold a token of megabytes, each character of it as an escape.
	lines.Buffer(nil, 16*1024*1024)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if err := answers.Encode(reviewer.review(asked)); err != nil {
			return err
		}
	}
	return lines.Err()
}
