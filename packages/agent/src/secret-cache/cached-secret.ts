import {
  type KeyFormat,
  type KeyType,
  parseCertificates,
  parsePrivateKey,
  parseTrustBundle,
  type SpiffeId,
  type TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { AgentError } from "../errors.ts";
import { chainEnd, chainPem } from "../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** What a cached secret is verified against, like the CA's reply before it. */
export interface ExpectedCachedSecret {
  readonly spiffeId: SpiffeId;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  /** The roots that the root file contains now: a root removed from it is no longer trusted. */
  readonly held: TrustBundle;
  readonly now: Date;
}

/** A secret from the cache. Its bundle contains only the roots of the CA's reply. */
export type CachedSecret = WorkloadSecret;

const fields = ["key", "chain", "roots", "receivedAt", "rotateAt"] as const;
type Written = Readonly<Record<(typeof fields)[number], string>>;
const format = 1;

/** Returns the contents of a cache file, including the private key. */
export function formatCachedSecret(secret: WorkloadSecret, learned: TrustBundle): string {
  const { keyPair, leaf, intermediates, receivedAt, rotateAt } = secret;
  const written: Written = {
    key: keyPair.toPkcs8Pem(),
    chain: chainPem([leaf, ...intermediates]),
    roots: learned.toPem(),
    receivedAt: receivedAt.toISOString(),
    rotateAt: rotateAt.toISOString(),
  };
  return JSON.stringify({ format, ...written });
}

/**
 * Verifies a cached secret like a reply of the CA: own key, own SPIFFE ID, a chain to a root in the current
 * root file, valid now. Throws CACHED_SECRET_INVALID naming the failed rule, or CACHED_SECRET_NOT_YET_VALID
 * if only the local clock contradicts it.
 */
export function parseCachedSecret(text: string, expected: ExpectedCachedSecret): CachedSecret {
  const written = readFields(text);
  const keyPair = check("key is malformed", () => parsePrivateKey(written.key));
  const chain = check("chain is malformed", () => parseCertificates(written.chain));
  const [leaf, ...intermediates] = chain;
  const bundle = check("roots are malformed", () => parseTrustBundle(written.roots));
  if (leaf === undefined || !leaf.publicKey.equals(keyPair.publicKey)) {
    throw invalid("key does not match the leaf");
  }
  if (keyPair.publicKey.type !== expected.keyType) throw invalid(`key type is not ${expected.keyType}`);
  const { spiffeId, held, now, keyFormat } = expected;
  if (!leaf.spiffeId?.equals(spiffeId)) throw invalid(`leaf does not have exactly one SAN, ${spiffeId}`);
  const notBefore = new Date(Math.max(...chain.map((one) => one.notBefore.getTime())));
  // Not before notBefore, so that a slow clock is not reported as an invalid chain.
  const within = now < notBefore ? notBefore : now;
  for (const roots of [held, bundle]) {
    const path = { leaf, intermediates, bundle: roots, now: within };
    check("chain does not verify", () => verifyChain(path));
  }
  const notAfter = chainEnd(chain);
  const [receivedAt, rotateAt] = readTimes(written, notAfter);
  if (now < notBefore) throw notYetValid(notBefore, now);
  return { spiffeId, keyPair, keyFormat, leaf, intermediates, bundle, receivedAt, notAfter, rotateAt };
}

function readFields(text: string): Written {
  const parsed: unknown = check("not JSON", () => JSON.parse(text));
  const entries = new Map(typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : []);
  if (entries.get("format") !== format) throw invalid(`not of format ${format}`);
  const read = (name: (typeof fields)[number]): string => {
    const value: unknown = entries.get(name);
    if (typeof value !== "string") throw invalid(`${name} is missing`);
    return value;
  };
  return {
    key: read("key"),
    chain: read("chain"),
    roots: read("roots"),
    receivedAt: read("receivedAt"),
    rotateAt: read("rotateAt"),
  };
}

function readTimes(written: Written, notAfter: Date): readonly [Date, Date] {
  const receivedAt = new Date(written.receivedAt);
  const rotateAt = new Date(written.rotateAt);
  const isOrdered = receivedAt.getTime() <= rotateAt.getTime() && rotateAt.getTime() <= notAfter.getTime();
  if (!isOrdered) throw invalid("times contradict each other");
  return [receivedAt, rotateAt];
}

function check<T>(rule: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    // A parser's message may quote its input, as that of JSON does.
    throw invalid(rule, rule === "not JSON" ? undefined : cause);
  }
}

function notYetValid(notBefore: Date, now: Date): AgentError {
  const message = `the cached secret is not valid until ${notBefore.toISOString()}, but the local clock shows ${now.toISOString()}; set the clock`;
  return new AgentError("CACHED_SECRET_NOT_YET_VALID", message);
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("CACHED_SECRET_INVALID", `cannot serve the cached secret: ${rule}`, { cause });
}
