import type { GeneralName } from "../names/general-name.ts";
import type { TrustDomain } from "../names/trust-domain.ts";
import type { Certificate } from "./certificate.ts";
import { authorityProblem, type Path, refuseIf, verifyPath, withIssuer } from "./chain-rules.ts";
import { linkProblem, looksSelfSigned } from "./issuer-rules.ts";
import { nameProblem } from "./name-constraints.ts";

/** The chain of an authority. The first intermediate issued the authority's certificate. */
export interface AuthorityChainToVerify extends Path {
  /** The certificate of the key that will sign leaves. */
  readonly authority: Certificate;
  /** If set, the name constraints of the whole chain must permit SPIFFE IDs of this trust domain. */
  readonly trustDomain?: TrustDomain;
}

/**
 * Verifies that leaves signed by the authority will chain to a root of the bundle (RFC 5280 §6.1): it may
 * sign, and path lengths, names, signatures and validity are right at `now`. A root is its own anchor.
 * @throws PkiError `CHAIN_INVALID` naming the rule
 */
export function verifyAuthorityChain({ authority, trustDomain, ...path }: AuthorityChainToVerify): void {
  const names = trustDomain === undefined ? [] : [spiffeUri(trustDomain)];
  const who = path.describe?.(authority) ?? "the signing certificate";
  refuseIf(authorityProblem(authority, path.now), who);
  refuseIf(nameProblem(authority.extensions.nameConstraints, names), who);
  if (path.bundle.contains(authority) && looksSelfSigned(authority)) return;
  refuseIf(linkProblem(authority, 1), who);
  verifyPath(withIssuer(authority, { issued: 0, names }), path);
}

function spiffeUri({ name }: TrustDomain): GeneralName {
  return { kind: "uniformResourceIdentifier", value: Buffer.from(`spiffe://${name}/`, "latin1") };
}
