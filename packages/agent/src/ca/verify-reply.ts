import { X509Certificate } from "node:crypto";
import {
  type BundleFile,
  type Certificate,
  PkiError,
  type PublicKey,
  parseCertificate,
  parseCertificates,
  readBundle,
  type SkippedRoot,
  type SpiffeId,
  type TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { AgentError, type ReplyFault } from "../errors.ts";
import { selectIntermediates } from "./reply-chain.ts";
import { withCertifiedRoots } from "./roots/certified-roots.ts";

export interface ExpectedReply {
  readonly publicKey: PublicKey;
  readonly spiffeId: SpiffeId;
  /**
   * The roots trusted before the call, which a reply alone never extends. Undefined if the CA's TLS vouches
   * for the roots in the reply.
   */
  readonly held: TrustBundle | undefined;
  /**
   * The certificates of the CA's verified TLS, in DER. Among them a held root may certify a new one, for agents
   * whose root file is older than the CA's root.
   */
  readonly serverChain?: readonly Uint8Array[];
  readonly now: Date;
  /** Called with a leaf that passes every check before the check of its validity period. */
  readonly onProven?: (leaf: Certificate) => void;
}

/** A reply that contains the workload's own leaf. */
export interface VerifiedReply {
  readonly leaf: Certificate;
  /** Without the root, starting with the leaf's issuer. */
  readonly intermediates: readonly Certificate[];
  /** The last element of the reply, which is now safe to learn. */
  readonly roots: TrustBundle;
  /** The parts of the last element that are not usable roots. */
  readonly skippedRoots: readonly SkippedRoot[];
}

/** Real chains have two to five elements of 1 or 2 KiB each. */
const maxElements = 16;
const maxElementBytes = 128 * 1024;
/** Two bundles of all public CAs, while the CA's root is replaced. */
const maxRootsBytes = 1024 * 1024;

/** RFC 5280 §4.2.1.12: id-kp-serverAuth and id-kp-clientAuth; a mesh peer is both. */
const requiredKeyUsages = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/**
 * Verifies a CA's reply: the leaf must have the workload's key and exactly its SPIFFE ID, must not be a CA,
 * must allow both sides of TLS and must chain to a trusted root at `now`. No other certificate may be
 * present. Throws CA_REPLY_INVALID naming the failed rule.
 */
export function verifyReply(elements: readonly string[], expected: ExpectedReply): VerifiedReply {
  checkSizes(elements);
  const { leaf, between, last } = parseReply(elements, expected);
  const { bundle: roots, skipped: skippedRoots } = last;
  checkLeaf(leaf, [...between, ...roots.roots], expected);
  const held = heldFor(roots, expected);
  const intermediates = selectIntermediates({ leaf, between, roots: held?.union(roots) ?? roots });
  if (typeof intermediates === "string") throw invalid(intermediates, sentences[intermediates], leaf);
  const reply = { leaf, intermediates, roots, skippedRoots };
  checkChain(reply, { now: expected.now, held });
  expected.onProven?.(leaf);
  checkTime(leaf, expected.now);
  return reply;
}

function heldFor(
  roots: TrustBundle,
  { held, serverChain = [], now }: ExpectedReply,
): TrustBundle | undefined {
  return held && withCertifiedRoots({ held, offered: roots, serverChain, now });
}

const sentences = {
  extra_certificates: "chain has a certificate that is not between the leaf and a root",
  out_of_order: "certificates are out of order: expected the leaf first, then each certificate's issuer",
};

function checkSizes(elements: readonly string[]): void {
  const { length } = elements;
  if (length === 0) throw invalid("empty", "chain has 0 elements: expected at least a leaf and the roots");
  if (length === 1) throw invalid("no_roots", "chain has 1 element: the roots are missing");
  if (length > maxElements)
    throw invalid("too_large", `chain has ${length} elements: expected at most ${maxElements}`);
  if (elements.slice(0, -1).some((element) => element.length > maxElementBytes)) {
    throw invalid("too_large", `a chain element is larger than ${maxElementBytes} bytes`);
  }
  if ((elements.at(-1)?.length ?? 0) > maxRootsBytes) {
    throw invalid("too_large", `the roots are larger than ${maxRootsBytes} bytes`);
  }
}

function parseReply(elements: readonly string[], { publicKey }: ExpectedReply) {
  const [first = "", ...rest] = elements;
  const leaf = parse(undefined, "leaf is malformed", () => parseCertificate(first));
  const last = parseRoots(rest.at(-1) ?? "", leaf, publicKey);
  const between = rest
    .slice(0, -1)
    .flatMap((pem, index) => parse(leaf, `element ${index + 2} is malformed`, () => parseCertificates(pem)));
  if (between.length > maxElements)
    throw invalid(
      "too_large",
      `chain has ${between.length} intermediates: expected at most ${maxElements}`,
      leaf,
    );
  return { leaf, between, last };
}

function parseRoots(pem: string, leaf: Certificate, publicKey: PublicKey): BundleFile {
  try {
    return parse(leaf, "roots are malformed", () => readBundle(pem));
  } catch (error) {
    if (isOurLeaf(pem, publicKey)) throw invalid("out_of_order", sentences.out_of_order, leaf, error);
    throw error;
  }
}

function isOurLeaf(pem: string, publicKey: PublicKey): boolean {
  try {
    return parseCertificate(pem).publicKey.equals(publicKey);
  } catch {
    return false;
  }
}

function checkLeaf(leaf: Certificate, others: readonly Certificate[], expected: ExpectedReply): void {
  if (!leaf.publicKey.equals(expected.publicKey)) {
    const isElsewhere = others.some((other) => other.publicKey.equals(expected.publicKey));
    if (isElsewhere) throw invalid("out_of_order", sentences.out_of_order, leaf);
    throw invalid("wrong_key", "leaf has a different key than the CSR", leaf);
  }
  if (leaf.isCa) throw invalid("ca_leaf", "leaf is a CA certificate", leaf);
  if (!leaf.spiffeId?.equals(expected.spiffeId)) {
    throw invalid("wrong_name", `leaf does not have exactly one SAN, ${expected.spiffeId}`, leaf);
  }
  const keyUsages: readonly string[] = new X509Certificate(leaf.der).keyUsage ?? [];
  const missing = requiredKeyUsages.filter((oid) => !keyUsages.includes(oid));
  if (missing.length > 0) {
    throw invalid("no_eku", `leaf is missing the extended key usage ${missing.join(", ")}`, leaf);
  }
}

/**
 * Verifies the chain at a time within the leaf's validity, so that clock skew is not reported as an invalid
 * chain.
 */
function checkChain(
  { leaf, intermediates, roots }: VerifiedReply,
  expected: Pick<ExpectedReply, "now" | "held">,
): void {
  const { now, held = roots } = expected;
  const within = Math.max(leaf.notBefore.getTime(), Math.min(now.getTime(), leaf.notAfter.getTime()));
  const chain = { leaf, intermediates, now: new Date(within) };
  const top = intermediates.at(-1) ?? leaf;
  const fault = held.roots.some((root) => top.isIssuedBy(root)) ? "chain_invalid" : "unknown_root";
  check(leaf, fault, "chain does not verify under the trusted roots", () =>
    verifyChain({ ...chain, bundle: held }),
  );
  // Learning a bundle without the current signer's root would make the next call fail.
  check(leaf, "roots_incomplete", "roots do not include the root of the chain", () =>
    verifyChain({ ...chain, bundle: roots }),
  );
  checkIssuers([leaf, ...intermediates], roots, leaf);
}

/** A second verdict by OpenSSL on every step, since peers verify the chain with such a library. */
function checkIssuers(chain: readonly Certificate[], roots: TrustBundle, leaf: Certificate): void {
  for (const [index, child] of chain.entries()) {
    const above = chain[index + 1];
    const candidates = above === undefined ? roots.roots.filter((root) => child.isIssuedBy(root)) : [above];
    const seen = new X509Certificate(child.der);
    if (candidates.some(({ der }) => seen.checkIssued(new X509Certificate(der)))) continue;
    throw invalid("chain_invalid", `OpenSSL finds no issuer of element ${index + 1} of the chain`, leaf);
  }
}

function checkTime(leaf: Certificate, now: Date): void {
  const earlyMs = leaf.notBefore.getTime() - now.getTime();
  if (earlyMs > 0) {
    const hint =
      "the local clock is behind by that and up to two minutes more, unless the CA's clock is wrong";
    throw invalid("not_yet_valid", `leaf is not valid for another ${seconds(earlyMs)}; ${hint}`, leaf);
  }
  const lateMs = now.getTime() - leaf.notAfter.getTime();
  if (lateMs >= 0) {
    const hint = "the local clock is ahead, or the CA's clock is behind";
    throw invalid("expired", `leaf expired ${seconds(lateMs)} ago; ${hint}`, leaf);
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}

/** Unlike other causes, the reason of a parser is short, and names the block. */
function parse<T>(leaf: Certificate | undefined, rule: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof PkiError ? `: ${cause.message}` : "";
    throw invalid("malformed", `${rule}${reason}`, leaf, cause);
  }
}

function check<T>(leaf: Certificate | undefined, fault: ReplyFault, rule: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    throw invalid(fault, rule, leaf, cause);
  }
}

function invalid(replyFault: ReplyFault, rule: string, leaf?: Certificate, cause?: unknown): AgentError {
  const which = leaf ? ` (leaf ${leaf.fingerprint})` : "";
  const message = `discarded the CA's reply: ${rule}${which}`;
  return new AgentError("CA_REPLY_INVALID", message, { cause, replyFault });
}
