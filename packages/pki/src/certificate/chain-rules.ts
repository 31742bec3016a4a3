import { PkiError } from "../errors.ts";
import { attributeTypes, isSameName } from "../names/directory-name.ts";
import type { GeneralName } from "../names/general-name.ts";
import { oid } from "../oids.ts";
import type { Certificate } from "./certificate.ts";
import { identifierProblem, linkProblem, looksSelfSigned } from "./issuer-rules.ts";
import { nameProblem } from "./name-constraints.ts";
import type { TrustBundle } from "./trust-bundle.ts";

/** The path from a certificate up to a root. */
export interface Path {
  /** Each issued the previous one; at most four, without the root. */
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly now: Date;
  /** The text for a certificate in messages; by default its place in the path. */
  readonly describe?: (certificate: Certificate) => string;
}

/** The part of a chain below an issuer. */
export interface Below {
  /** The certificate that the issuer must have issued. */
  readonly child: Certificate;
  /** The number of intermediates below the issuer. */
  readonly issued: number;
  /** All names that the issuer's constraints apply to. */
  readonly names: readonly GeneralName[];
}

/**
 * More than any mesh uses, and a limit on the signatures that a hostile reply can make this process verify.
 */
const maxIntermediates = 4;

/** More than any honest bundle has above an intermediate. */
const maxNamesakes = 8;

const notSelfSigned = "is not self-signed, so OpenSSL looks for its issuer and does not find it";

/**
 * Verifies every step from a certificate up to a root of the bundle. @throws PkiError `CHAIN_INVALID` naming
 * the rule
 */
export function verifyPath(start: Below, { intermediates, bundle, now, describe }: Path): void {
  if (intermediates.length > maxIntermediates)
    throw invalid(`there are more than ${maxIntermediates} intermediates`);
  let below = start;
  for (const [index, issuer] of intermediates.entries()) {
    const problem = issuerProblem(issuer, below, now) ?? linkProblem(issuer, below.issued + 1);
    refuseIf(problem, describe?.(issuer) ?? `intermediate ${index + 1}`);
    below = withIssuer(issuer, below);
  }
  const [anchor, problem] = anchorProblem(bundle, below, now);
  refuseIf(problem, anchor === undefined ? "the root" : (describe?.(anchor) ?? "the root"));
}

/**
 * One step up. A self-issued CA, created when a key changes under the same name, is neither counted nor
 * constrained (RFC 5280 §6.1.3 b, §6.1.4 l).
 */
export function withIssuer(issuer: Certificate, { issued, names }: Omit<Below, "child">): Below {
  if (isSameName(issuer.subject, issuer.issuer)) return { child: issuer, issued, names };
  return { child: issuer, issued: issued + 1, names: [...names, ...namesOf(issuer)] };
}

/** All names of a certificate: its subject, the mail addresses in the subject, and its alternative names. */
export function namesOf({ subject, extensions }: Certificate): readonly GeneralName[] {
  const types = attributeTypes(subject);
  const own: GeneralName[] = types.length === 0 ? [] : [{ kind: "directoryName", value: subject }];
  if (types.includes(oid.emailAddress)) own.push({ kind: "rfc822Name", value: subject });
  return [...own, ...extensions.names];
}

/**
 * Returns the reason why no root is the anchor, if any, and the root that fits best. Several roots may share
 * a name; any of them may match.
 */
function anchorProblem(
  bundle: TrustBundle,
  below: Below,
  now: Date,
): readonly [Certificate | undefined, string | undefined] {
  const isKnown = new Map<Certificate, boolean>();
  const namesakes = bundle.roots.filter((root) => isSameName(root.subject, below.child.issuer));
  const judged = namesakes.map((root) => {
    const up = () => (leadsToRoot(bundle, withIssuer(root, below), now, isKnown) ? undefined : notSelfSigned);
    return [root, issuerProblem(root, below, now) ?? up()] as const;
  });
  const fitting = judged.find(([, problem]) => problem === undefined);
  if (fitting !== undefined) return fitting;
  const signing = judged.find(([root]) => below.child.isIssuedBy(root));
  return signing ?? judged[0] ?? [undefined, "is not in the trust bundle"];
}

/**
 * Like OpenSSL, goes on from an intermediate in the bundle to a self-signed root. Each certificate is
 * examined once, and few of one name, so that a hostile bundle costs little.
 */
function leadsToRoot(
  bundle: TrustBundle,
  below: Below,
  now: Date,
  isKnown: Map<Certificate, boolean>,
): boolean {
  const { child } = below;
  if (looksSelfSigned(child)) return true;
  const known = isKnown.get(child);
  if (known !== undefined) return known;
  // Ends a circle of certificates that issued each other.
  isKnown.set(child, false);
  const issuers = bundle.roots
    .filter((root) => isSameName(root.subject, child.issuer))
    .slice(0, maxNamesakes);
  const leads = issuers.some(
    (root) =>
      issuerProblem(root, below, now) === undefined &&
      leadsToRoot(bundle, withIssuer(root, below), now, isKnown),
  );
  isKnown.set(child, leads);
  return leads;
}

/**
 * Returns the reason why the issuer may not have issued the child, if any. Signatures are checked late
 * because they cost the most.
 */
function issuerProblem(issuer: Certificate, below: Below, now: Date): string | undefined {
  const { pathLength, nameConstraints } = issuer.extensions;
  const { child, issued, names } = below;
  if (!isSameName(issuer.subject, child.issuer))
    return "is not the issuer that the certificate below it names";
  if (pathLength !== undefined && issued > pathLength)
    return "has more intermediates below it than its path length allows";
  return (
    authorityProblem(issuer, now) ??
    identifierProblem(issuer, child) ??
    (hasIssued(issuer, child) ? undefined : "did not sign the certificate before it") ??
    nameProblem(nameConstraints, names)
  );
}

/** The authorities whose signature on an authority below them was verified. */
const issuersOf = new WeakMap<Certificate, WeakSet<Certificate>>();

/** The signatures between authorities do not change, so a process that holds them verifies each one once. */
function hasIssued(issuer: Certificate, child: Certificate): boolean {
  if (!child.isCa) return child.isIssuedBy(issuer);
  const known = issuersOf.get(child) ?? new WeakSet();
  if (known.has(issuer)) return true;
  if (!child.isIssuedBy(issuer)) return false;
  known.add(issuer);
  issuersOf.set(child, known);
  return true;
}

/** Returns the reason why the certificate alone may not sign others, if any. */
export function authorityProblem(issuer: Certificate, now: Date): string | undefined {
  if (!issuer.isCa) return "is not a CA";
  if (!issuer.extensions.maySignCertificates) return "has a key usage without keyCertSign";
  return ownProblem(issuer, now);
}

/** Returns the problem of the certificate alone, if any. */
export function ownProblem(certificate: Certificate, now: Date): string | undefined {
  if (now.getTime() < certificate.notBefore.getTime()) return "is not valid yet";
  if (now.getTime() > certificate.notAfter.getTime()) return "has expired";
  const [unknown] = certificate.extensions.unprocessedCritical;
  return unknown === undefined ? undefined : `has the critical extension ${unknown}, which is not supported`;
}

export function refuseIf(problem: string | undefined, who: string): void {
  if (problem !== undefined) throw invalid(`${who} ${problem}`);
}

export function invalid(rule: string): PkiError {
  return new PkiError("CHAIN_INVALID", rule);
}
