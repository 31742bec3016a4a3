import { equalBytes } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import { PkiError } from "./errors.ts";
import { type ConstrainedNames, nameProblem } from "./name-constraints.ts";
import type { TrustBundle } from "./trust-bundle.ts";

/** What stands below an issuer in its chain. */
export interface Below {
  /** The certificate that it must have issued. */
  readonly child: Certificate;
  /** How many intermediates there are below it. */
  readonly issued: number;
  /** Whose names its constraints are about; undefined where there is no leaf yet. */
  readonly leaf: Certificate | undefined;
}

/** Why none of the roots is the anchor of this certificate, or nothing. Two roots may share a name: any may fit. */
export function anchorProblem(
  bundle: TrustBundle,
  { child, issued, leaf }: Below,
  now: Date,
): string | undefined {
  const namesakes = bundle.roots.filter((root) => equalBytes(root.subject, child.issuer));
  const problems = namesakes.map((root) => issuerProblem(root, { child, issued, leaf }, now));
  if (problems.includes(undefined)) return undefined;
  return problems[0] ?? "is not in the trust bundle";
}

/** Why the issuer may not have issued the child, or nothing. Signatures come last, as they cost the most. */
export function issuerProblem(
  issuer: Certificate,
  { child, issued, leaf }: Below,
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
    (leaf === undefined ? undefined : nameProblem(issuer.extensions.nameConstraints, namesOf(leaf))) ??
    (child.isIssuedBy(issuer) ? undefined : "did not sign the certificate before it")
  );
}

/** What is wrong with a certificate by itself, or nothing. */
export function ownProblem(certificate: Certificate, now: Date): string | undefined {
  if (now.getTime() < certificate.notBefore.getTime()) return "is not valid yet";
  if (now.getTime() > certificate.notAfter.getTime()) return "has expired";
  const [unknown] = certificate.extensions.unprocessedCritical;
  return unknown === undefined
    ? undefined
    : `has the critical extension ${unknown}, which is not processed here`;
}

export function refuseIf(problem: string | undefined, who: string): void {
  if (problem !== undefined) throw invalid(`${who} ${problem}`);
}

export function invalid(rule: string): PkiError {
  return new PkiError("CHAIN_INVALID", rule);
}

function namesOf({ subject, extensions: { names } }: Certificate): ConstrainedNames {
  return { subject, names };
}
