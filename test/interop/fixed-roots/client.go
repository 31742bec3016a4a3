// Exits with 0 if Go accepts the TLS server at argv[1] with the roots in the file argv[2].
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	pem, err := os.ReadFile(os.Args[2])
	if err != nil {
		fail(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		fail(fmt.Errorf("no root in %s", os.Args[2]))
	}
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"h2"}}
	connection, err := tls.Dial("tcp", os.Args[1], config)
	if err != nil {
		fail(err)
	}
	connection.Close()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
