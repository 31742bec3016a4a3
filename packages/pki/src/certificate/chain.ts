import type { Certificate } from "./certificate.ts";
import { invalid, namesOf, ownProblem, type Path, refuseIf, verifyPath } from "./chain-rules.ts";

/**
 * A chain from a peer, with the trust bundle to verify it against. The first intermediate issued the leaf.
 */
export interface ChainToVerify extends Path {
  readonly leaf: Certificate;
}

/**
 * Verifies that the leaf chains to a root of the bundle through exactly these intermediates in this order
 * (RFC 5280 §6.1), and that nothing on the way has expired or contains an unprocessed critical extension. The
 * identity of the leaf is not checked.
 * @throws PkiError `CHAIN_INVALID` naming the rule
 */
export function verifyChain({ leaf, ...path }: ChainToVerify): void {
  if (leaf.isCa) throw invalid("the leaf is a CA");
  refuseIf(ownProblem(leaf, path.now), "the leaf");
  verifyPath({ child: leaf, issued: 0, names: namesOf(leaf) }, path);
}
