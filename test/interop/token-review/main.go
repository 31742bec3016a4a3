// Reviews service account tokens with the same library as the Kubernetes API server. For each request, one
// JSON line on standard input, it writes one JSON line with the verdict to standard output, in order.
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

// A TokenReviewStatus in which the fields of the user are inlined.
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
	issuer := flag.String("issuer", "", "the required iss of a token")
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
	// A request may contain a token of several megabytes, with each of its characters escaped.
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
