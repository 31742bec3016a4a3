import type { Certificate } from "./certificate.ts";
import { invalid, namesOf, ownProblem, type Path, refuseIf, verifyPath } from "./chain-rules.ts";

/**
 * A chain from a peer, with the trust bundle to verify it against. The first intermediate issued the leaf.
 */
export interface ChainToVerify extends Path {
  readonly leaf: Certificate;
}

/**
 * Verifies that the leaf chains to a root through exactly these intermediates in this order (RFC 5280 §6.1),
 * all valid now and without an unprocessed critical extension. It does not check the identity of the leaf.
 * @throws PkiError `CHAIN_INVALID` naming the rule
 */
export function verifyChain({ leaf, ...path }: ChainToVerify): void {
  if (leaf.isCa) throw invalid("the leaf is a CA");
  refuseIf(ownProblem(leaf, path.now), "the leaf");
  verifyPath({ child: leaf, issued: 0, names: namesOf(leaf) }, path);
}
