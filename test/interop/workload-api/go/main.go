// Uses the Workload API at SPIFFE_ENDPOINT_SOCKET like an application with go-spiffe, and prints each event as one JSON line:
//
//	watch   every X.509 context and every set of bundles, until standard input ends
//	mtls    one mutual TLS handshake between two peers, each of which requires the given SPIFFE ID of the other
//	serve   sources that stay open, and what standard input asks for: "x509" makes every X.509 call once, "jwt" every
//	        call of the JWT profile; {"done": …} follows
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/status"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "watch":
		return watch(ctx)
	case len(args) == 2 && args[0] == "mtls":
		return handshake(ctx, args[1])
	case len(args) == 2 && args[0] == "serve":
		return serve(ctx, args[1])
	}
	return fmt.Errorf("usage: watch, mtls <spiffe id> or serve <spiffe id>")
}

func watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	client, err := workloadapi.New(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	printer := &printer{}
	ended := make(chan error, 2)
	go func() { ended <- client.WatchX509Context(ctx, printer) }()
	go func() { ended <- client.WatchX509Bundles(ctx, printer) }()
	if err := <-ended; ctx.Err() == nil {
		return fmt.Errorf("the watch ended unexpectedly: %w", err)
	}
	return nil
}

type printer struct{}

func (*printer) OnX509ContextUpdate(update *workloadapi.X509Context) {
	svid := update.DefaultSVID()
	report(map[string]any{
		"event":       "svid",
		"spiffeId":    svid.ID.String(),
		"fingerprint": fingerprint(svid.Certificates[0].Raw),
		"chain":       len(svid.Certificates),
		"roots":       roots(update.Bundles),
	})
}

func (*printer) OnX509ContextWatchError(err error) {
	report(map[string]any{"event": "error", "code": status.Code(err).String(), "message": err.Error()})
}

func (*printer) OnX509BundlesUpdate(bundles *x509bundle.Set) {
	report(map[string]any{"event": "bundles", "roots": roots(bundles)})
}

func (*printer) OnX509BundlesWatchError(error) {}

func roots(set *x509bundle.Set) map[string][]string {
	found := map[string][]string{}
	for _, bundle := range set.Bundles() {
		for _, authority := range bundle.X509Authorities() {
			name := bundle.TrustDomain().Name()
			found[name] = append(found[name], fingerprint(authority.Raw))
		}
	}
	return found
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

var lines sync.Mutex

func report(what map[string]any) {
	lines.Lock()
	defer lines.Unlock()
	json.NewEncoder(os.Stdout).Encode(what)
}
