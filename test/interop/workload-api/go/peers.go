package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// A server and a client that hold one source for their whole life, and make a new connection again and again.
type peers struct {
	id       spiffeid.ID
	listener net.Listener
	config   *tls.Config
	lock     sync.Mutex
	begun    chan struct{}
	count    int
	failures int
	first    string
}

func newPeers(ctx context.Context, source *workloadapi.X509Source, id spiffeid.ID) (*peers, error) {
	onlyID := tlsconfig.AuthorizeID(id)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", tlsconfig.MTLSServerConfig(source, source, onlyID))
	if err != nil {
		return nil, err
	}
	go greetAll(listener)
	config := tlsconfig.MTLSClientConfig(source, source, onlyID)
	return &peers{id: id, listener: listener, config: config, begun: make(chan struct{})}, nil
}

func (p *peers) greetForever(ctx context.Context) {
	for ctx.Err() == nil {
		err := p.greet()
		p.lock.Lock()
		if p.count == 0 {
			close(p.begun)
		}
		p.count++
		if err != nil {
			p.failures++
			if p.first == "" {
				p.first = err.Error()
			}
		}
		p.lock.Unlock()
		time.Sleep(250 * time.Millisecond)
	}
}

func (p *peers) greet() error {
	conn, err := tls.Dial("tcp", p.listener.Addr().String(), p.config)
	if err != nil {
		return err
	}
	defer conn.Close()
	heard, err := io.ReadAll(conn)
	if err == nil && string(heard) != "hello "+p.id.String() {
		err = fmt.Errorf("the server said %q", heard)
	}
	return err
}

func (p *peers) report() {
	<-p.begun
	p.lock.Lock()
	defer p.lock.Unlock()
	report(map[string]any{"call": "fresh handshakes", "count": p.count, "failures": p.failures, "first": p.first})
}

// The TLS calls that open and close a source of their own, and the handshakes since the start.
func (k *kept) callTLS(ctx context.Context) {
	onlyID := tlsconfig.AuthorizeID(k.id)
	listener, err := spiffetls.Listen(ctx, "tcp", "127.0.0.1:0", onlyID)
	if err != nil {
		reportError("spiffetls.Listen", err)
		return
	}
	defer listener.Close()
	go greetAll(listener)
	conn, err := spiffetls.Dial(ctx, "tcp", listener.Addr().String(), onlyID)
	if err != nil {
		reportError("spiffetls.Dial", err)
		return
	}
	defer conn.Close()
	heard, err := io.ReadAll(conn)
	if err != nil {
		reportError("spiffetls.Dial", err)
		return
	}
	seen, err := spiffetls.PeerIDFromConn(conn)
	if err != nil {
		reportError("spiffetls.Dial", err)
		return
	}
	report(map[string]any{"call": "spiffetls.Listen", "peer": string(heard)})
	report(map[string]any{"call": "spiffetls.Dial", "peer": seen.String()})
	k.peers.report()
}

// Tells each client which SPIFFE ID it authenticated with.
func greetAll(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go greet(conn)
	}
}

func greet(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	// The first use of the connection runs the handshake; after that, the peer is authenticated.
	fmt.Fprint(conn, "hello ")
	if id, err := peerOf(conn); err == nil {
		fmt.Fprint(conn, id)
	}
}

func peerOf(conn net.Conn) (spiffeid.ID, error) {
	if bare, ok := conn.(*tls.Conn); ok {
		return spiffetls.PeerIDFromConnectionState(bare.ConnectionState())
	}
	return spiffetls.PeerIDFromConn(conn)
}
