import type { Certificate } from "./certificate.ts";
import { invalid, namesOf, ownProblem, type Path, refuseIf, verifyPath } from "./chain-rules.ts";

/** A chain as a peer gave it, and what it is to be held against; the first intermediate issued the leaf. */
export interface ChainToVerify extends Path {
  readonly leaf: Certificate;
}

/**
 * Proves that the leaf descends from a root of the bundle through exactly the given intermediates in exactly
 * the given order (RFC 5280 §6.1): signatures over the received bytes, names byte by byte, CA flag,
 * keyCertSign, path length, name constraints and every window at `now`. Critical extensions that we do not
 * process are refused. Nothing is said about whose certificate it is.
 * @throws PkiError `CHAIN_INVALID` naming the rule
 */
export function verifyChain({ leaf, ...path }: ChainToVerify): void {
  if (leaf.isCa) throw invalid("the leaf is a CA");
  refuseIf(ownProblem(leaf, path.now), "the leaf");
  verifyPath({ child: leaf, issued: 0, names: namesOf(leaf) }, path);
}
