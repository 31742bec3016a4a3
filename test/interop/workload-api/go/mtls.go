package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// Both peers get their certificate, key and roots from the Workload API.
func handshake(ctx context.Context, peer string) error {
	id, err := spiffeid.FromString(peer)
	if err != nil {
		return err
	}
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	onlyPeer := tlsconfig.AuthorizeID(id)
	server := spiffetls.MTLSServerWithSource(onlyPeer, source)
	listener, err := spiffetls.ListenWithMode(ctx, "tcp", "127.0.0.1:0", server)
	if err != nil {
		return err
	}
	defer listener.Close()
	go greetAll(listener)

	client := spiffetls.MTLSClientWithSource(onlyPeer, source)
	conn, err := spiffetls.DialWithMode(ctx, "tcp", listener.Addr().String(), client)
	if err != nil {
		return fmt.Errorf("the handshake failed: %w", err)
	}
	defer conn.Close()
	heard, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	seen, err := spiffetls.PeerIDFromConn(conn)
	if err != nil {
		return err
	}
	report(map[string]any{"heard": string(heard), "peer": seen.String()})
	return nil
}
