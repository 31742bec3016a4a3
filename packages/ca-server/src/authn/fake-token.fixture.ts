import type { BearerToken } from "./bearer-token.ts";

/** A token for code that does not verify it. */
export function fakeToken(text = "a.b.c"): BearerToken {
  return {
    text,
    claimedIssuer: undefined,
    unprovenClaims: {},
    signed: { alg: "ES256", kid: undefined, signingInput: "a.b", signature: new Uint8Array(64) },
    peerAddress: "10.0.0.1:1",
  };
}
