// istio-ca serves the certificate service of Istio's control plane from its own packages, so that the benchmark can compare
// it with kasbah: the same method, the same tokens, a CA of the requested key type, and nothing recorded.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/api/security/v1beta1"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/security"
	"istio.io/istio/security/pkg/pki/ca"
	"istio.io/istio/security/pkg/pki/util"
	caserver "istio.io/istio/security/pkg/server/ca"
	"istio.io/istio/security/pkg/server/ca/authenticate"
)

const (
	trustDomain = "cluster.local"
	rootTTL     = 10 * 365 * 24 * time.Hour
	leafTTL     = 24 * time.Hour
)

// fixedMesh is the mesh configuration; the authenticator reads only its trust domain.
type fixedMesh struct {
	mesh.Watcher
	config *meshconfig.MeshConfig
}

func (m fixedMesh) Mesh() *meshconfig.MeshConfig { return m.config }

func main() {
	address := flag.String("address", "127.0.0.1:0", "host:port to serve")
	jwks := flag.String("jwks", "", "URL of the keys that sign the tokens")
	issuer := flag.String("issuer", "", "iss of the tokens")
	rootKey := flag.String("root-key", "P-256", "P-256, P-384, RSA-2048, RSA-3072 or RSA-4096")
	directory := flag.String("directory", ".", "where root-cert.pem is written")
	flag.Parse()
	if err := serve(*address, *jwks, *issuer, *rootKey, *directory); err != nil {
		log.Fatal(err)
	}
}

func serve(address, jwks, issuer, rootKey, directory string) error {
	authority, err := newAuthority(rootKey)
	if err != nil {
		return err
	}
	rule := &v1beta1.JWTRule{Issuer: issuer, JwksUri: jwks, Audiences: []string{"istio-ca"}}
	authenticator, err := authenticate.NewJwtAuthenticator(rule, fixedMesh{config: &meshconfig.MeshConfig{TrustDomain: trustDomain}})
	if err != nil {
		return err
	}
	service, err := caserver.New(authority, leafTTL, []security.Authenticator{authenticator}, nil)
	if err != nil {
		return err
	}
	identity, err := servingIdentity(authority)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{identity}, MinVersion: tls.VersionTLS12})),
		grpc.MaxConcurrentStreams(100_000),
	)
	service.Register(server)
	root := authority.GetCAKeyCertBundle().GetRootCertPem()
	if err := os.WriteFile(filepath.Join(directory, "root-cert.pem"), root, 0o644); err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}

func newAuthority(rootKey string) (*ca.IstioCA, error) {
	options := util.CertOptions{TTL: rootTTL, Org: trustDomain, IsCA: true, IsSelfSigned: true, IsDualUse: true}
	switch rootKey {
	case "P-256":
		options.ECSigAlg, options.ECCCurve = util.EcdsaSigAlg, util.P256Curve
	case "P-384":
		options.ECSigAlg, options.ECCCurve = util.EcdsaSigAlg, util.P384Curve
	default:
		if _, err := fmt.Sscanf(rootKey, "RSA-%d", &options.RSAKeySize); err != nil {
			return nil, fmt.Errorf("unknown key type %q", rootKey)
		}
	}
	certificate, key, err := util.GenCertKeyFromOptions(options)
	if err != nil {
		return nil, err
	}
	bundle, err := util.NewVerifiedKeyCertBundleFromPem(certificate, key, nil, certificate, nil)
	if err != nil {
		return nil, err
	}
	return ca.NewIstioCA(&ca.IstioCAOptions{
		DefaultCertTTL: leafTTL, MaxCertTTL: rootTTL, CARSAKeySize: options.RSAKeySize, KeyCertBundle: bundle,
	})
}

func servingIdentity(authority *ca.IstioCA) (tls.Certificate, error) {
	certificate, key, err := authority.GenKeyCert([]string{"istiod.istio-system.svc", "localhost"}, leafTTL, false)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}
