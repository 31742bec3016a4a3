package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// What an application keeps open for its whole life.
type kept struct {
	id      spiffeid.ID
	client  *workloadapi.Client
	x509    *workloadapi.X509Source
	bundles *workloadapi.BundleSource
	peers   *peers
}

func serve(ctx context.Context, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keep, err := open(ctx, name)
	if err != nil {
		return err
	}
	watcher := &updates{}
	go func() { keep.client.WatchX509Context(ctx, watcher) }()
	go func() { keep.client.WatchX509Bundles(ctx, watcher) }()
	go keep.peers.greetForever(ctx)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		switch input.Text() {
		case "x509":
			keep.callX509(ctx)
		case "jwt":
			keep.callJWT(ctx)
		}
		report(map[string]any{"done": input.Text()})
	}
	return input.Err()
}

func open(ctx context.Context, name string) (*kept, error) {
	id, err := spiffeid.FromString(name)
	if err != nil {
		return nil, err
	}
	client, err := workloadapi.New(ctx)
	if err != nil {
		return nil, err
	}
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return nil, fmt.Errorf("NewX509Source: %w", err)
	}
	bundles, err := workloadapi.NewBundleSource(ctx)
	if err != nil {
		return nil, fmt.Errorf("NewBundleSource: %w", err)
	}
	peers, err := newPeers(ctx, source, id)
	if err != nil {
		return nil, err
	}
	return &kept{id: id, client: client, x509: source, bundles: bundles, peers: peers}, nil
}

type updates struct{}

func (*updates) OnX509ContextUpdate(update *workloadapi.X509Context) {
	reportContext("update", "WatchX509Context", update)
}

func (*updates) OnX509ContextWatchError(err error) {
	report(map[string]any{"update": "WatchX509Context", "error": err.Error()})
}

func (*updates) OnX509BundlesUpdate(set *x509bundle.Set) {
	report(map[string]any{"update": "WatchX509Bundles", "roots": setInDER(set)})
}

func (*updates) OnX509BundlesWatchError(err error) {
	report(map[string]any{"update": "WatchX509Bundles", "error": err.Error()})
}

func reportContext(kind, call string, update *workloadapi.X509Context) {
	line := svidLine(kind, call, update.DefaultSVID())
	line["roots"] = setInDER(update.Bundles)
	report(line)
}

func svidLine(kind, call string, svid *x509svid.SVID) map[string]any {
	return map[string]any{kind: call, "spiffeId": svid.ID.String(), "chain": inDER(svid.Certificates)}
}

func reportError(call string, err error) {
	report(map[string]any{"call": call, "error": err.Error()})
}

func setInDER(set *x509bundle.Set) []string {
	var roots []*x509.Certificate
	for _, bundle := range set.Bundles() {
		roots = append(roots, bundle.X509Authorities()...)
	}
	return inDER(roots)
}

func inDER(certificates []*x509.Certificate) []string {
	encoded := make([]string, len(certificates))
	for index, certificate := range certificates {
		encoded[index] = base64.StdEncoding.EncodeToString(certificate.Raw)
	}
	return encoded
}
