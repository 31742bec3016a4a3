// Verifies workload and serving certificates as Go's TLS does. Reads one JSON object per line with PEM files of
// roots and of a chain, and prints "ok" or the reason for the failure on one line each.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

type request struct{ Roots, Chain string }

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if err := verify(r); err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
}

func verify(r request) error {
	roots, err := parse(r.Roots)
	if err != nil {
		return err
	}
	chain, err := parse(r.Chain)
	if err != nil {
		return err
	}
	trusted, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, one := range roots {
		trusted.AddCert(one)
	}
	for _, one := range chain[1:] {
		intermediates.AddCert(one)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err = chain[0].Verify(x509.VerifyOptions{
			Roots:         trusted,
			Intermediates: intermediates,
			KeyUsages:     []x509.ExtKeyUsage{usage},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func parse(path string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found, nil
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
}
