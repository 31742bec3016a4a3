import type { Certificate } from "./certificate.ts";
import { anchorProblem, issuerProblem, ownProblem, refuseIf } from "./chain-rules.ts";
import { PkiError } from "./errors.ts";
import type { TrustBundle } from "./trust-bundle.ts";

export interface AuthorityChainToVerify {
  /** The certificate of the key that is to sign leaves. */
  readonly authority: Certificate;
  /** Each issued the one before it, the first the authority; the root not among them. */
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly now: Date;
}

/**
 * Proves that leaves which the authority signs will descend from a root of the bundle (RFC 5280 §6.1): it is a CA that
 * may sign, every path length leaves room, and names, signatures and windows are right at `now`. A root is its own anchor.
 * @throws PkiError `CHAIN_INVALID` naming the rule
 */
export function verifyAuthorityChain(chain: AuthorityChainToVerify): void {
  const { authority, intermediates, bundle, now } = chain;
  if (!authority.isCa) throw new PkiError("CHAIN_INVALID", "the signing certificate is not a CA");
  if (!authority.extensions.maySignCertificates) {
    throw new PkiError("CHAIN_INVALID", "the signing certificate has a key usage without keyCertSign");
  }
  refuseIf(ownProblem(authority, now), "the signing certificate");
  if (bundle.contains(authority)) return;
  let child = authority;
  let issued = 1;
  for (const [index, issuer] of intermediates.entries()) {
    refuseIf(issuerProblem(issuer, { child, issued, leaf: undefined }, now), `intermediate ${index + 1}`);
    issued += 1;
    child = issuer;
  }
  refuseIf(anchorProblem(bundle, { child, issued, leaf: undefined }, now), "the root");
}
