// Lints one certificate, DER on standard input, with the lints for the RFCs (the rules for public web CAs do
// not apply to a mesh), and prints every finding above notice level as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

type finding struct {
	Lint   string `json:"lint"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	der, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC8813},
	})
	if err != nil {
		return err
	}
	results := zlint.LintCertificateEx(certificate, registry).Results
	if len(results) == 0 {
		return fmt.Errorf("no lint ran")
	}
	findings := []finding{}
	for name, result := range results {
		if result.Status > lint.Notice {
			findings = append(findings, finding{name, result.Status.String(), result.Details})
		}
	}
	return json.NewEncoder(os.Stdout).Encode(findings)
}
