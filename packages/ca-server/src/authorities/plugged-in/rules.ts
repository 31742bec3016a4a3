import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  describeSkippedRoot,
  PkiError,
  type SkippedRoot,
  TrustBundle,
  type TrustDomain,
  verifyAuthorityChain,
} from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import { findWaysUp, type Material, type PluggedInChain } from "./chain.ts";
import type { PluggedInNames } from "./layout.ts";
import { noWayUp } from "./missing-issuer.ts";
import { type Describe, describeIn } from "./shown.ts";

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
  /** The blocks of the root file that cannot be used. The issuer that is missing may be one of them. */
  readonly skipped: readonly SkippedRoot[];
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

/**
 * Returns the best chain from the signer to a root that breaks no rule. @throws StateError for the best chain
 * if all of them break one
 */
export function chainOf(material: Material, rules: Rules): PluggedInChain {
  const up = findWaysUp(material);
  const problems: StateError[] = [];
  for (const way of up.ways) {
    const problem = problemOf(material.signer, way, rules);
    if (problem === undefined) return way;
    problems.push(problem);
  }
  throw problems[0] ?? broken(`${noWayUp(up, material, rules.names)}${unusableRoots(rules)}`);
}

const mostNamed = 3;

function unusableRoots({ names, skipped }: Rules): string {
  if (skipped.length === 0) return "";
  const shown = skipped.slice(0, mostNamed).map(describeSkippedRoot).join("; ");
  return `. In ${names.roots}, ${skipped.length} of the blocks cannot be used: ${shown}`;
}

function problemOf(signer: Certificate, way: PluggedInChain, rules: Rules): StateError | undefined {
  const { names, trustDomain, now } = rules;
  const { intermediates, root } = way;
  const describe = describeIn(names, { signer, roots: [root] });
  try {
    for (const one of [signer, ...intermediates, root]) checkOne(one, describe(one), now);
    verifyAuthorityChain({
      ...{ authority: signer, intermediates, bundle: TrustBundle.from([root]), trustDomain, now, describe },
    });
    refuseOtherEncoding([signer, ...intermediates, root], describe);
    return undefined;
  } catch (cause) {
    if (cause instanceof StateError) return cause;
    if (!(cause instanceof PkiError)) throw cause;
    const reason = `clients would reject certificates that ${describe(signer)} signs: ${cause.message}`;
    return broken(`${reason}; recreate it as docs/plugged-in.md shows`, cause);
  }
}

/**
 * RFC 5280 §7.1 and OpenSSL ignore case and string type, but Go and rustls compare names byte by byte, and so
 * would reject every certificate of the CA.
 */
function refuseOtherEncoding(chain: readonly Certificate[], describe: Describe): void {
  for (const [index, issuer] of chain.entries()) {
    const child = chain[index - 1];
    if (child === undefined || Buffer.compare(child.issuer, issuer.subject) === 0) continue;
    throw broken(
      `${describe(child)} names ${describe(issuer)} as its issuer, but the certificate with that name has it in other bytes (another string type, case or spaces), and Go compares bytes: reissue it with the issuer's name as the issuer's certificate has it`,
    );
  }
}

function checkOne(one: Certificate, who: string, now: Date): void {
  const { notBefore, notAfter } = one;
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

function text(instant: Date): string {
  return instant.toISOString();
}
