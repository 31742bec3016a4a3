import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  type PublicKey,
  parseCertificate,
  parseCertificates,
  parseTrustBundle,
  type SpiffeId,
  type TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { AgentError } from "../errors.ts";

export interface ExpectedReply {
  readonly publicKey: PublicKey;
  readonly spiffeId: SpiffeId;
  /** The roots held before the call: a reply alone never widens them. */
  readonly held: TrustBundle;
  readonly now: Date;
}

/** A reply whose leaf is ours. */
export interface VerifiedReply {
  readonly leaf: Certificate;
  /** Below the root, the leaf's issuer first. */
  readonly intermediates: readonly Certificate[];
  /** The reply's last element, which may be learned now. */
  readonly roots: TrustBundle;
}

/** Real chains have two to five elements of a KiB or two each. */
const maxElements = 16;
const maxElementBytes = 128 * 1024;

/** RFC 5280 §4.2.1.12: id-kp-serverAuth and id-kp-clientAuth; a mesh peer is both. */
const requiredKeyUsages = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/**
 * Distrusts a CA's reply: its leaf must hold our key and exactly our SPIFFE ID, be no CA, be good for both sides of TLS
 * and chain to a root that we hold, all at `now`. Throws CA_REPLY_INVALID naming the rule that failed.
 */
export function verifyReply(elements: readonly string[], expected: ExpectedReply): VerifiedReply {
  checkSizes(elements);
  const reply = parseReply(elements);
  checkLeaf(reply.leaf, expected);
  const { leaf, intermediates } = reply;
  const { held, now } = expected;
  check(leaf, "its chain does not verify under the roots held", () =>
    verifyChain({ leaf, intermediates, bundle: held, now }),
  );
  // Learning a bundle without the authority that signs today would lock us out of the next call.
  check(leaf, "its roots do not include the one it chains to", () =>
    verifyChain({ leaf, intermediates, bundle: reply.roots, now }),
  );
  return reply;
}

function checkSizes(elements: readonly string[]): void {
  if (elements.length < 2)
    throw invalid(`its chain has ${elements.length} elements: a leaf and the roots are the least`);
  if (elements.length > maxElements) throw invalid(`its chain has ${elements.length} elements`);
  if (elements.some((element) => element.length > maxElementBytes)) {
    throw invalid(`an element of its chain is larger than ${maxElementBytes} bytes`);
  }
}

function parseReply(elements: readonly string[]): VerifiedReply {
  const [first = "", ...rest] = elements;
  const leaf = check(undefined, "its leaf is malformed", () => parseCertificate(first));
  const roots = check(leaf, "its roots are malformed", () => parseTrustBundle(rest.at(-1) ?? ""));
  const between = check(leaf, "its intermediates are malformed", () =>
    rest.slice(0, -1).flatMap(parseCertificates),
  );
  // CAs with a plugged-in chain repeat the root in the middle; presented in a handshake it makes some peers refuse.
  const intermediates = between.filter((certificate) => !certificate.isIssuedBy(certificate));
  return { leaf, intermediates, roots };
}

function checkLeaf(leaf: Certificate, expected: ExpectedReply): void {
  if (!leaf.publicKey.equals(expected.publicKey)) throw invalid("its leaf holds another key than ours", leaf);
  if (leaf.isCa) throw invalid("its leaf is a CA", leaf);
  if (!leaf.spiffeId?.equals(expected.spiffeId)) {
    throw invalid(`its leaf does not have exactly the name ${expected.spiffeId}`, leaf);
  }
  const keyUsages: readonly string[] = new X509Certificate(leaf.der).keyUsage ?? [];
  const missing = requiredKeyUsages.filter((oid) => !keyUsages.includes(oid));
  if (missing.length > 0) throw invalid(`its leaf lacks the extended key usage ${missing.join(", ")}`, leaf);
}

function check<T>(leaf: Certificate | undefined, rule: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    throw invalid(rule, leaf, cause);
  }
}

function invalid(rule: string, leaf?: Certificate, cause?: unknown): AgentError {
  const which = leaf ? ` (leaf ${leaf.fingerprint})` : "";
  return new AgentError("CA_REPLY_INVALID", `the CA's reply is discarded: ${rule}${which}`, { cause });
}
