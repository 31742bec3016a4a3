package main

import (
	"context"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// A call that takes longer hangs: the test reports its deadline as the error.
const patience = time.Minute

func (k *kept) callX509(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	k.readSources()
	if svid, err := k.client.FetchX509SVID(ctx); err != nil {
		reportError("FetchX509SVID", err)
	} else {
		report(svidLine("call", "FetchX509SVID", svid))
	}
	if svids, err := workloadapi.FetchX509SVIDs(ctx); err != nil {
		reportError("FetchX509SVIDs", err)
	} else {
		report(svidLine("call", "FetchX509SVIDs", svids[0]))
	}
	if update, err := k.client.FetchX509Context(ctx); err != nil {
		reportError("FetchX509Context", err)
	} else {
		reportContext("call", "FetchX509Context", update)
	}
	if set, err := k.client.FetchX509Bundles(ctx); err != nil {
		reportError("FetchX509Bundles", err)
	} else {
		report(map[string]any{"call": "FetchX509Bundles", "roots": setInDER(set)})
	}
	k.callTLS(ctx)
}

// Sources answer from what the Workload API pushed last.
func (k *kept) readSources() {
	domain := k.id.TrustDomain()
	svid, err := k.x509.GetX509SVID()
	if err != nil {
		reportError("NewX509Source", err)
		return
	}
	bundle, err := k.x509.GetX509BundleForTrustDomain(domain)
	if err != nil {
		reportError("NewX509Source", err)
		return
	}
	line := svidLine("call", "NewX509Source", svid)
	line["roots"] = inDER(bundle.X509Authorities())
	report(line)
	both, err := k.bundles.GetBundleForTrustDomain(domain)
	if err != nil {
		reportError("NewBundleSource", err)
		return
	}
	authorities := both.JWTAuthorities()
	report(map[string]any{
		"call": "NewBundleSource", "roots": inDER(both.X509Authorities()), "keys": len(authorities),
	})
}

func (k *kept) callJWT(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	audience := jwtsvid.Params{Audience: "example"}
	if source, err := workloadapi.NewJWTSource(ctx); err != nil {
		reportError("NewJWTSource", err)
	} else {
		defer source.Close()
		bundle, err := source.GetJWTBundleForTrustDomain(k.id.TrustDomain())
		if err != nil {
			reportError("NewJWTSource", err)
		} else {
			report(map[string]any{"call": "NewJWTSource", "keys": len(bundle.JWTAuthorities())})
		}
		_, err = source.FetchJWTSVID(ctx, audience)
		reportRefusal("JWTSource.FetchJWTSVID", err)
	}
	if set, err := k.client.FetchJWTBundles(ctx); err != nil {
		reportError("FetchJWTBundles", err)
	} else {
		bundle, _ := set.Get(k.id.TrustDomain())
		report(map[string]any{"call": "FetchJWTBundles", "keys": len(bundle.JWTAuthorities())})
	}
	_, err := k.client.FetchJWTSVID(ctx, audience)
	reportRefusal("FetchJWTSVID", err)
	_, err = k.client.FetchJWTSVIDs(ctx, audience)
	reportRefusal("FetchJWTSVIDs", err)
	_, err = k.client.ValidateJWTSVID(ctx, "a.b.c", "example")
	reportRefusal("ValidateJWTSVID", err)
	_, err = workloadapi.NewWITSource(ctx)
	reportRefusal("NewWITSource", err)
}

func reportRefusal(call string, err error) {
	if err == nil {
		report(map[string]any{"call": call})
		return
	}
	reportError(call, err)
}
