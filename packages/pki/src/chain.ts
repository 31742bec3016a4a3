import { equalBytes } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import { PkiError } from "./errors.ts";
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
 * keyCertSign, path length and every window at `now`. Critical extensions that we do not process, name
 * constraints among them, are refused. Nothing is said about whose certificate it is.
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
    refuseIf(issuerProblem(issuer, child, issued, now), `intermediate ${index + 1}`);
    // A self-issued certificate, as made when a key changes under a name, does not count (RFC 5280 §6.1.4 l).
    if (!equalBytes(issuer.subject, issuer.issuer)) issued += 1;
    child = issuer;
  }
  refuseIf(anchorProblem(bundle, child, issued, now), "the root");
}

/** Why none of the roots is the anchor of this certificate, or nothing. Two roots may share a name: any may fit. */
function anchorProblem(
  bundle: TrustBundle,
  child: Certificate,
  issued: number,
  now: Date,
): string | undefined {
  const namesakes = bundle.roots.filter((root) => equalBytes(root.subject, child.issuer));
  const problems = namesakes.map((root) => issuerProblem(root, child, issued, now));
  if (problems.includes(undefined)) return undefined;
  return problems[0] ?? "is not in the trust bundle";
}

/** Why the issuer may not have issued the child, or nothing. Signatures come last, as they cost the most. */
function issuerProblem(
  issuer: Certificate,
  child: Certificate,
  issued: number,
  now: Date,
): string | undefined {
  const { pathLength, maySignCertificates } = issuer.extensions;
  if (!equalBytes(issuer.subject, child.issuer)) return "does not have the name of the issuer before it";
  if (!issuer.isCa) return "is not a CA";
  if (!maySignCertificates) return "has a key usage without keyCertSign";
  if (pathLength !== undefined && issued > pathLength)
    return "has more intermediates below it than its path length";
  return (
    ownProblem(issuer, now) ??
    (child.isIssuedBy(issuer) ? undefined : "did not sign the certificate before it")
  );
}

function ownProblem(certificate: Certificate, now: Date): string | undefined {
  if (now.getTime() < certificate.notBefore.getTime()) return "is not valid yet";
  if (now.getTime() > certificate.notAfter.getTime()) return "has expired";
  const [unknown] = certificate.extensions.unprocessedCritical;
  return unknown === undefined
    ? undefined
    : `has the critical extension ${unknown}, which is not processed here`;
}

function refuseIf(problem: string | undefined, who: string): void {
  if (problem !== undefined) throw invalid(`${who} ${problem}`);
}

function invalid(rule: string): PkiError {
  return new PkiError("CHAIN_INVALID", rule);
}
