import { X509Certificate } from "node:crypto";
import { type Certificate, PkiError, TrustBundle, type TrustDomain, verifyAuthorityChain } from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import { findWaysUp, type Material, type PluggedInChain } from "./chain.ts";
import { chainFileOf, type PluggedInNames } from "./layout.ts";

/**
 * Describes a problem with a plugged-in CA. The reason states what was seen, what was expected, and a fix.
 */
export function broken(reason: string, cause?: unknown): StateError {
  return new StateError("PLUGGED_IN_REJECTED", reason, { cause });
}

/** The requirements that a chain must meet. */
export interface Rules {
  readonly names: PluggedInNames;
  readonly trustDomain: TrustDomain;
  readonly now: Date;
}

/**
 * The purposes of leaves (RFC 5280 §4.2.1.12). If an issuer or root at any step excludes one of them, Envoy
 * and Go reject the leaf. anyExtendedKeyUsage does not count, because OpenSSL requires the purposes
 * themselves.
 */
const requiredPurposes = new Map([
  ["1.3.6.1.5.5.7.3.1", "serverAuth"],
  ["1.3.6.1.5.5.7.3.2", "clientAuth"],
]);

const maxShownLength = 200;

/**
 * Returns the best chain from the signer to a root that breaks no rule. @throws StateError for the best chain
 * if all of them break one
 */
export function chainOf(material: Material, rules: Rules): PluggedInChain {
  const { ways, top } = findWaysUp(material);
  const problems: StateError[] = [];
  for (const way of ways) {
    const problem = problemOf(material.signer, way, rules);
    if (problem === undefined) return way;
    problems.push(problem);
  }
  throw problems[0] ?? noWayUp(top, material, rules.names);
}

function problemOf(signer: Certificate, way: PluggedInChain, rules: Rules): StateError | undefined {
  const { names, trustDomain, now } = rules;
  const { intermediates, root } = way;
  try {
    checkOne(signer, names.certificate, now);
    for (const one of intermediates) checkOne(one, chainFileOf(names), now);
    checkOne(root, names.roots, now);
    verifyAuthorityChain({
      authority: signer,
      intermediates,
      bundle: TrustBundle.from([root]),
      trustDomain,
      now,
    });
    return undefined;
  } catch (cause) {
    if (cause instanceof StateError) return cause;
    if (!(cause instanceof PkiError)) throw cause;
    const reason = `clients would reject certificates that ${shown(signer, names.certificate)} signs: ${cause.message}`;
    return broken(`${reason}; recreate it as docs/plugged-in.md shows`, cause);
  }
}

function checkOne(one: Certificate, file: string, now: Date): void {
  const { notBefore, notAfter } = one;
  const who = shown(one, file);
  if (now < notBefore)
    throw broken(
      `${who} is not valid before ${text(notBefore)}, and it is ${text(now)} now: check the clock, or wait`,
    );
  if (now > notAfter)
    throw broken(`${who} expired at ${text(notAfter)}, and it is ${text(now)} now: replace it`);
  const purposes = new X509Certificate(one.der).keyUsage;
  const excluded = [...requiredPurposes].filter(([id]) => purposes !== undefined && !purposes.includes(id));
  if (excluded.length === 0) return;
  throw broken(
    `${who} has an extended key usage without ${excluded.map(([, name]) => name).join(" and ")}, expected both serverAuth and clientAuth, or no such extension: reissue it without the extension`,
  );
}

function noWayUp(
  top: Certificate,
  { signer, roots, candidates }: Material,
  names: PluggedInNames,
): StateError {
  const who = shown(top, top === signer ? names.certificate : chainFileOf(names));
  if (top.isIssuedBy(top))
    return broken(`${who} is a root that ${names.roots} does not contain: add it there`);
  const hasName = [...roots, ...candidates].some(({ subject }) => Buffer.compare(subject, top.issuer) === 0);
  const seen = hasName ? "the certificate with that name did not sign it with SHA-2" : "it is missing";
  const issuer = oneLine(new X509Certificate(top.der).issuer);
  return broken(
    `${who} does not lead to a root in ${names.roots}: expected its issuer ${issuer} there or in ${chainFileOf(names)}, but ${seen}: add the certificate that issued it`,
  );
}

function shown(one: Certificate, file: string): string {
  return `${file} (${oneLine(new X509Certificate(one.der).subject)})`;
}

/** OpenSSL puts each part of a name on its own line, and returns nothing for an empty name. */
function oneLine(name: string | undefined): string {
  const line = (name ?? "").split("\n").join(", ").slice(0, maxShownLength);
  return line === "" ? "without a name" : line;
}

function text(instant: Date): string {
  return instant.toISOString();
}
