package main

import (
	"errors"
	"os"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

// The asymmetric algorithms that the API server accepts.
var algorithms = []jose.SignatureAlgorithm{
	jose.ES256, jose.ES384, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
}

type reviewer struct {
	keys   []jose.JSONWebKey
	issuer string
}

func newReviewer(path, issuer string) (*reviewer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) == 0 || issuer == "" {
		return nil, errors.New("the key set or the issuer is missing")
	}
	return &reviewer{set.Keys, issuer}, nil
}

func (r *reviewer) review(asked request) status {
	claims, err := r.verify(asked.Token)
	if err == nil {
		err = claims.check(r.issuer, asked)
	}
	if err != nil {
		return status{Audiences: []string{}, Extra: map[string][]string{}, Error: err.Error()}
	}
	return status{
		Authenticated: true,
		Username:      claims.Subject,
		UID:           claims.uid(),
		Audiences:     intersection(asked.Audiences, claims.Audience),
		Extra:         claims.extra(),
	}
}

// The API server tries every key that may have signed the token: those with its kid, or all keys if the token
// has no kid.
func (r *reviewer) verify(token string) (*claims, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return nil, err
	}
	header := parsed.Headers[0]
	err = errors.New("no key of the issuer verifies the token")
	for _, key := range r.keys {
		if header.KeyID != "" && header.KeyID != key.KeyID {
			continue
		}
		// A key is valid for one algorithm only (RFC 8725 section 3.1).
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		var found claims
		// Also decoded as a map, so that go-jose parses every member and detects duplicates.
		if err = parsed.Claims(key.Key, &found.Claims, &found.private, &found.all); err == nil {
			return &found, nil
		}
	}
	return nil, err
}

func intersection(asked []string, named jwt.Audience) []string {
	both := []string{}
	for _, audience := range asked {
		if named.Contains(audience) {
			both = append(both, audience)
		}
	}
	return both
}
