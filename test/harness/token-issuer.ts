import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";

/** The `iss` of the tokens in tests of real processes. */
export const testIssuer = "https://issuer.test";

const day = 24 * 3_600_000;

export interface SavedIssuer {
  readonly tokens: DevTokenIssuer;
  /** Flags that make a CA accept the issuer's tokens. */
  readonly flags: readonly string[];
}

/** Creates an issuer whose JWKS is saved in `directory`, where a CA can read it. */
export async function saveIssuer(directory: string): Promise<SavedIssuer> {
  const tokens = await createTokenIssuer({ issuer: testIssuer });
  await tokens.save(directory);
  return { tokens, flags: ["--jwks", `${directory}/jwks.json`, "--token-issuer", testIssuer] };
}

/** Creates a token for a service account in the namespace `demo`, valid for an hour from now. */
export function mintDemoToken(tokens: DevTokenIssuer, serviceAccount: string): Promise<string> {
  return tokens.mint({ namespace: "demo", serviceAccount, lifetimeMs: day / 24, now: systemClock.now() });
}

/**
 * Creates a token that stays valid while a test moves the clock. It is valid for ten years and was issued ten
 * years ago, so that a clock set back does not make it "not yet valid".
 */
export function mintLongLivedToken(
  tokens: DevTokenIssuer,
  serviceAccount: string,
  lifetimeMs = 3650 * day,
): Promise<string> {
  const now = systemClock.now();
  const claims = { nbf: undefined, iat: Math.floor((now.getTime() - 3650 * day) / 1000) };
  return tokens.mint({ namespace: "demo", serviceAccount, now, lifetimeMs, claims });
}
