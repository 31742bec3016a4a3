import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  type PublicKey,
  parseCertificate,
  parseCertificates,
  type SpiffeId,
  TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { AgentError, type ReplyFault } from "../errors.ts";
import { intermediatesOf } from "./reply-chain.ts";

export interface ExpectedReply {
  readonly publicKey: PublicKey;
  readonly spiffeId: SpiffeId;
  /** The roots held before the call: a reply alone never widens them. Undefined: the CA's TLS has vouched for the reply's. */
  readonly held: TrustBundle | undefined;
  readonly now: Date;
  /** Told of a leaf that passed every test but that of time. */
  readonly onProven?: (leaf: Certificate) => void;
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
 * and chain to a root that we hold, all at `now`; nothing else may stand in it. Throws CA_REPLY_INVALID naming the rule that
 * failed.
 */
export function verifyReply(elements: readonly string[], expected: ExpectedReply): VerifiedReply {
  checkSizes(elements);
  const { leaf, between, last } = parseReply(elements);
  checkLeaf(leaf, [...between, ...last], expected);
  const roots = check(leaf, "malformed", "its roots are malformed", () => TrustBundle.from(last));
  const intermediates = intermediatesOf({ leaf, between, roots: expected.held?.union(roots) ?? roots });
  if (typeof intermediates === "string") throw invalid(intermediates, sentences[intermediates], leaf);
  const reply = { leaf, intermediates, roots };
  checkChain(reply, expected);
  expected.onProven?.(leaf);
  checkTime(leaf, expected.now);
  return reply;
}

const sentences = {
  extra_certificates: "it holds a certificate that does not lead from its leaf to a root",
  out_of_order: "its certificates are not in order, the leaf first and then each one's issuer",
};

function checkSizes(elements: readonly string[]): void {
  const { length } = elements;
  if (length === 0) throw invalid("empty", "its chain has 0 elements: a leaf and the roots are the least");
  if (length === 1) throw invalid("no_roots", "its chain has 1 elements: the roots are missing");
  if (length > maxElements) throw invalid("too_large", `its chain has ${length} elements`);
  if (elements.some((element) => element.length > maxElementBytes)) {
    throw invalid("too_large", `an element of its chain is larger than ${maxElementBytes} bytes`);
  }
}

function parseReply(elements: readonly string[]) {
  const [first = "", ...rest] = elements;
  const leaf = check(undefined, "malformed", "its leaf is malformed", () => parseCertificate(first));
  const last = check(leaf, "malformed", "its roots are malformed", () =>
    parseCertificates(rest.at(-1) ?? ""),
  );
  const between = check(leaf, "malformed", "its intermediates are malformed", () =>
    rest.slice(0, -1).flatMap(parseCertificates),
  );
  if (between.length > maxElements)
    throw invalid("too_large", `it has ${between.length} intermediates`, leaf);
  return { leaf, between, last };
}

function checkLeaf(leaf: Certificate, others: readonly Certificate[], expected: ExpectedReply): void {
  if (!leaf.publicKey.equals(expected.publicKey)) {
    const isElsewhere = others.some((other) => other.publicKey.equals(expected.publicKey));
    if (isElsewhere) throw invalid("out_of_order", sentences.out_of_order, leaf);
    throw invalid("wrong_key", "its leaf holds another key than ours", leaf);
  }
  if (leaf.isCa) throw invalid("ca_leaf", "its leaf is a CA", leaf);
  if (!leaf.spiffeId?.equals(expected.spiffeId)) {
    throw invalid("wrong_name", `its leaf does not have exactly the name ${expected.spiffeId}`, leaf);
  }
  const keyUsages: readonly string[] = new X509Certificate(leaf.der).keyUsage ?? [];
  const missing = requiredKeyUsages.filter((oid) => !keyUsages.includes(oid));
  if (missing.length > 0) {
    throw invalid("no_eku", `its leaf lacks the extended key usage ${missing.join(", ")}`, leaf);
  }
}

/** At an instant of the leaf's own life, so that a wrong clock is not mistaken for a wrong chain. */
function checkChain({ leaf, intermediates, roots }: VerifiedReply, expected: ExpectedReply): void {
  const { now, held = roots } = expected;
  const within = Math.max(leaf.notBefore.getTime(), Math.min(now.getTime(), leaf.notAfter.getTime()));
  const chain = { leaf, intermediates, now: new Date(within) };
  const top = intermediates.at(-1) ?? leaf;
  const fault = held.roots.some((root) => top.isIssuedBy(root)) ? "chain_invalid" : "unknown_root";
  check(leaf, fault, "its chain does not verify under the roots held", () =>
    verifyChain({ ...chain, bundle: held }),
  );
  // Learning a bundle without the authority that signs today would lock us out of the next call.
  check(leaf, "roots_incomplete", "its roots do not include the one it chains to", () =>
    verifyChain({ ...chain, bundle: roots }),
  );
}

function checkTime(leaf: Certificate, now: Date): void {
  const earlyMs = leaf.notBefore.getTime() - now.getTime();
  if (earlyMs > 0) {
    const hint = "the local clock is behind by that and two minutes more, unless the CA's is wrong";
    throw invalid("not_yet_valid", `its leaf begins ${seconds(earlyMs)} from now; ${hint}`, leaf);
  }
  const lateMs = now.getTime() - leaf.notAfter.getTime();
  if (lateMs >= 0) {
    const hint = "the local clock is ahead, or the CA's is behind";
    throw invalid("expired", `its leaf ended ${seconds(lateMs)} ago; ${hint}`, leaf);
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
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
  const message = `the CA's reply is discarded: ${rule}${which}`;
  return new AgentError("CA_REPLY_INVALID", message, { cause, replyFault });
}
