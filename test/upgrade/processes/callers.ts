import { mintDemoToken, saveIssuer } from "../../harness/token-issuer.ts";

/** The callers that a CA accepts: the flags that name their token issuer, and the tokens. */
export interface Callers {
  readonly flags: readonly string[];
  mint(serviceAccount: string): Promise<string>;
}

export async function createCallers(directory: string): Promise<Callers> {
  const { tokens, flags } = await saveIssuer(directory);
  return { flags, mint: (serviceAccount) => mintDemoToken(tokens, serviceAccount) };
}

/** The name in the tokens of a service account. */
export function spiffeIdOf(serviceAccount: string): string {
  return `spiffe://cluster.local/ns/demo/sa/${serviceAccount}`;
}
