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

/** What a cached secret is held against, as the CA's reply was before it. */
export interface ExpectedCachedSecret {
  readonly spiffeId: SpiffeId;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  /** The roots of the root file as it is now: a root that has left it since is believed no more. */
  readonly held: TrustBundle;
  readonly now: Date;
}

/** A secret from the cache, with the roots that its reply brought; its bundle is those alone. */
export type CachedSecret = WorkloadSecret;

const fields = ["key", "chain", "roots", "receivedAt", "rotateAt"] as const;
type Written = Readonly<Record<(typeof fields)[number], string>>;
const format = 1;

/** The text of a cache file: it holds the private key. */
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
 * Believes a cached secret as little as a reply of the CA: our key, our SPIFFE ID, a chain to a root that the root file
 * holds now, valid now. Throws CACHED_SECRET_INVALID naming the rule that failed, and CACHED_SECRET_NOT_YET_VALID when
 * everything but our clock says that it is good.
 */
export function parseCachedSecret(text: string, expected: ExpectedCachedSecret): CachedSecret {
  const written = readFields(text);
  const keyPair = check("its key is malformed", () => parsePrivateKey(written.key));
  const chain = check("its chain is malformed", () => parseCertificates(written.chain));
  const [leaf, ...intermediates] = chain;
  const bundle = check("its roots are malformed", () => parseTrustBundle(written.roots));
  if (leaf === undefined || !leaf.publicKey.equals(keyPair.publicKey)) {
    throw invalid("its key is not the leaf's");
  }
  if (keyPair.publicKey.type !== expected.keyType) throw invalid(`its key is not ${expected.keyType}`);
  const { spiffeId, held, now, keyFormat } = expected;
  if (!leaf.spiffeId?.equals(spiffeId)) throw invalid(`its leaf does not have exactly the name ${spiffeId}`);
  const notBefore = new Date(Math.max(...chain.map((one) => one.notBefore.getTime())));
  // No earlier than its own beginning, so that a clock that is behind is not mistaken for a wrong chain.
  const within = now < notBefore ? notBefore : now;
  for (const roots of [held, bundle]) {
    const path = { leaf, intermediates, bundle: roots, now: within };
    check("its chain does not verify", () => verifyChain(path));
  }
  const notAfter = chainEnd(chain);
  const [receivedAt, rotateAt] = readTimes(written, notAfter);
  if (now < notBefore) throw notYetValid(notBefore, now);
  return { spiffeId, keyPair, keyFormat, leaf, intermediates, bundle, receivedAt, notAfter, rotateAt };
}

function readFields(text: string): Written {
  const parsed: unknown = check("it is not JSON", () => JSON.parse(text));
  const entries = new Map(typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : []);
  if (entries.get("format") !== format) throw invalid(`it is not of format ${format}`);
  const read = (name: (typeof fields)[number]): string => {
    const value: unknown = entries.get(name);
    if (typeof value !== "string") throw invalid(`it has no ${name}`);
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
  if (!isOrdered) throw invalid("its times contradict each other");
  return [receivedAt, rotateAt];
}

function check<T>(rule: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    // A parser's own words may quote what it read: JSON's do.
    throw invalid(rule, rule === "it is not JSON" ? undefined : cause);
  }
}

function notYetValid(notBefore: Date, now: Date): AgentError {
  const message = `the cached secret begins at ${notBefore.toISOString()} and our clock says ${now.toISOString()}; set the clock`;
  return new AgentError("CACHED_SECRET_NOT_YET_VALID", message);
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("CACHED_SECRET_INVALID", `the cached secret is not served: ${rule}`, { cause });
}
