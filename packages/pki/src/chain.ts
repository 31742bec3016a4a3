import { equalBytes } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import { anchorProblem, invalid, issuerProblem, ownProblem, refuseIf } from "./chain-rules.ts";
import type { TrustBundle } from "./trust-bundle.ts";

/** A chain as a peer gave it, and what it is to be held against. */
export interface ChainToVerify {
  readonly leaf: Certificate;
  /** Each issued the one before it, the first the leaf; at most four, the root not among them. */
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly now: Date;
}

/** More than any mesh has, and a bound on the signatures that a hostile reply can make us check. */
const maxIntermediates = 4;

/**
 * Proves that the leaf descends from a root of the bundle through exactly the given intermediates in exactly
 * the given order (RFC 5280 §6.1): signatures over the received bytes, names byte by byte, CA flag,
 * keyCertSign, path length, name constraints and every window at `now`. Critical extensions that we do not
 * process are refused. Nothing is said about whose certificate it is.
 * @throws PkiError `CHAIN_INVALID` naming the rule
 */
export function verifyChain(chain: ChainToVerify): void {
  const { leaf, intermediates, bundle, now } = chain;
  if (intermediates.length > maxIntermediates)
    throw invalid(`there are more than ${maxIntermediates} intermediates`);
  if (leaf.isCa) throw invalid("the leaf is a CA");
  refuseIf(ownProblem(leaf, now), "the leaf");

  let child = leaf;
  let issued = 0;
  for (const [index, issuer] of intermediates.entries()) {
    refuseIf(issuerProblem(issuer, { child, issued, leaf }, now), `intermediate ${index + 1}`);
    // A self-issued certificate, as made when a key changes under a name, does not count (RFC 5280 §6.1.4 l).
    if (!equalBytes(issuer.subject, issuer.issuer)) issued += 1;
    child = issuer;
  }
  refuseIf(anchorProblem(bundle, { child, issued, leaf }, now), "the root");
}
