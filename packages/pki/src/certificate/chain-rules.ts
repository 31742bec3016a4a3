import { equalBytes } from "../bytes.ts";
import { PkiError } from "../errors.ts";
import { attributeTypes } from "../names/directory-name.ts";
import type { GeneralName } from "../names/general-name.ts";
import { oid } from "../oids.ts";
import type { Certificate } from "./certificate.ts";
import { nameProblem } from "./name-constraints.ts";
import type { TrustBundle } from "./trust-bundle.ts";

/** What leads from a certificate up to a root. */
export interface Path {
  /** Each issued the one before it; at most four, the root not among them. */
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly now: Date;
}

/** What stands below an issuer in its chain. */
export interface Below {
  /** The certificate that it must have issued. */
  readonly child: Certificate;
  /** How many intermediates there are below it. */
  readonly issued: number;
  /** All names that its constraints are about. */
  readonly names: readonly GeneralName[];
}

/** More than any mesh has, and a bound on the signatures that a hostile reply can make us check. */
const maxIntermediates = 4;

/** Proves every step from a certificate up to a root of the bundle. @throws PkiError `CHAIN_INVALID` naming the rule */
export function verifyPath(start: Below, { intermediates, bundle, now }: Path): void {
  if (intermediates.length > maxIntermediates)
    throw invalid(`there are more than ${maxIntermediates} intermediates`);
  let below = start;
  for (const [index, issuer] of intermediates.entries()) {
    refuseIf(issuerProblem(issuer, below, now), `intermediate ${index + 1}`);
    below = withIssuer(issuer, below);
  }
  refuseIf(anchorProblem(bundle, below, now), "the root");
}

/** One step up. A self-issued CA, made when a key changes under a name, is neither counted nor constrained (RFC 5280 §6.1.3 b, §6.1.4 l). */
export function withIssuer(issuer: Certificate, { issued, names }: Omit<Below, "child">): Below {
  if (equalBytes(issuer.subject, issuer.issuer)) return { child: issuer, issued, names };
  return { child: issuer, issued: issued + 1, names: [...names, ...namesOf(issuer)] };
}

/** Every name by which a certificate goes: its subject, a mail address in that, and its alternative names. */
export function namesOf({ subject, extensions }: Certificate): readonly GeneralName[] {
  const types = attributeTypes(subject);
  const own: GeneralName[] = types.length === 0 ? [] : [{ kind: "directoryName", value: subject }];
  if (types.includes(oid.emailAddress)) own.push({ kind: "rfc822Name", value: subject });
  return [...own, ...extensions.names];
}

/** Why none of the roots is the anchor, or nothing. Two roots may share a name: any may fit. */
function anchorProblem(bundle: TrustBundle, below: Below, now: Date): string | undefined {
  const namesakes = bundle.roots.filter((root) => equalBytes(root.subject, below.child.issuer));
  const problems = namesakes.map((root) => issuerProblem(root, below, now));
  if (problems.includes(undefined)) return undefined;
  return problems[0] ?? "is not in the trust bundle";
}

/** Why the issuer may not have issued the child, or nothing. Signatures come late, as they cost the most. */
function issuerProblem(issuer: Certificate, below: Below, now: Date): string | undefined {
  const { pathLength, nameConstraints } = issuer.extensions;
  const { child, issued, names } = below;
  if (!equalBytes(issuer.subject, child.issuer)) return "does not have the name of the issuer before it";
  if (pathLength !== undefined && issued > pathLength)
    return "has more intermediates below it than its path length";
  return (
    authorityProblem(issuer, now) ??
    (child.isIssuedBy(issuer) ? undefined : "did not sign the certificate before it") ??
    nameProblem(nameConstraints, names)
  );
}

/** Why a certificate by itself is none that may sign others, or nothing. */
export function authorityProblem(issuer: Certificate, now: Date): string | undefined {
  if (!issuer.isCa) return "is not a CA";
  if (!issuer.extensions.maySignCertificates) return "has a key usage without keyCertSign";
  return ownProblem(issuer, now);
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
