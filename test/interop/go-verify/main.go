// Verifies a leaf as Go's TLS does. Reads root, intermediate and leaf as PEM from standard input, in this
// order, and prints "ok" or the reason for the failure.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	if err := verify(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ok")
}

func verify() error {
	rest, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var chain [3]*x509.Certificate
	for i := range chain {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return fmt.Errorf("expected %d certificates, found fewer", len(chain))
		}
		if chain[i], err = x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("cannot parse certificate %d: %w", i, err)
		}
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(chain[0])
	intermediates.AddCert(chain[1])
	_, err = chain[2].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
