import { createPublicKey, hash, type webcrypto } from "node:crypto";
import { isPointOnCurve, keyTypes } from "@kasbah/pki";
import { JwksError } from "../../errors.ts";

/** A public key of a JWK Set. */
export interface VerificationKey extends webcrypto.JsonWebKey {
  readonly kid?: string;
}

/** The keys of a JWK Set (RFC 7517) that passed the checks: only public keys that may verify tokens. */
export interface VerificationKeys {
  readonly keys: readonly VerificationKey[];
  /** One sentence for each ignored key. */
  readonly warnings: readonly string[];
}

/** Only asymmetric algorithms: with a symmetric one, every verifier of a token could also forge one. */
export const tokenAlgorithms = [
  "ES256",
  "ES384",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "EdDSA",
  "Ed25519",
] as const;

export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const maxKeys = 100;

/**
 * Parses a key set. It ignores each key that must not verify a token, and reports the reason.
 *
 * @throws JwksError if the text is not a key set or contains no usable key, so that the last good set stays
 * in use.
 */
export function parseVerificationKeys(text: string): VerificationKeys {
  const members = keyMembers(parseJson(text));
  const judged = members.map((member, index) => ({
    member,
    index,
    flaw: flawOf(member) ?? repetitionOf(member, members.slice(0, index)) ?? importFlaw(publicPart(member)),
  }));
  const keys = judged.filter(({ flaw }) => flaw === undefined).map(({ member }) => publicPart(member));
  const warnings = judged
    .filter(({ flaw }) => flaw !== undefined)
    .map(({ index, flaw }) => `key ${index + 1} of ${members.length} is ignored: ${flaw}`);
  if (keys.length === 0) throw new JwksError(["the key set contains no usable key", ...warnings].join("; "));
  return { keys, warnings };
}

/** The parser's own message quotes the text, which may be a secret in the wrong place. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JwksError("the key set is not JSON");
  }
}

type Member = Readonly<Record<string, unknown>>;

function keyMembers(set: unknown): readonly Member[] {
  if (!isMember(set) || !Array.isArray(set["keys"]))
    throw new JwksError('the key set is not a JSON object with an array "keys"');
  const keys: readonly unknown[] = set["keys"];
  if (keys.length > maxKeys) throw new JwksError(`the key set has more than ${maxKeys} keys`);
  return keys.map((key) => (isMember(key) ? key : {}));
}

function isMember(value: unknown): value is Member {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The reason why a key must not verify tokens; undefined if it may. */
function flawOf(key: Member): string | undefined {
  if (privateMembers.some((name) => Object.hasOwn(key, name))) return "it contains private members";
  if (key["use"] !== undefined && key["use"] !== "sig") return "its use is not sig";
  if (key["alg"] !== undefined && !tokenAlgorithms.some((alg) => alg === key["alg"]))
    return "its alg is not allowed";
  if (key["kid"] !== undefined && typeof key["kid"] !== "string") return "its kid is not a string";
  switch (key["kty"]) {
    case "EC":
      return ecFlaw(key);
    case "RSA":
      return rsaFlaw(key);
    case "OKP":
      return key["crv"] === "Ed25519" && decode(key["x"])?.length === 32
        ? undefined
        : "it is not an Ed25519 key";
    default:
      return "its kty is not EC, RSA or OKP";
  }
}

/** A hash of the public key alone: two issuers may list one key under different ids. */
export function verificationKeyHash({ kty, crv, x, y, n, e }: VerificationKey): string {
  return hash("sha256", JSON.stringify([kty, crv, x, y, n, e]));
}

/** A key that is listed twice would match twice, which verifiers take for an ambiguous key id. */
function repetitionOf(key: Member, earlier: readonly Member[]): string | undefined {
  const text = (one: Member) => JSON.stringify(publicPart(one));
  const index = earlier.findIndex((one) => text(one) === text(key));
  return index === -1 ? undefined : `it repeats key ${index + 1}`;
}

/** Checks the point before OpenSSL sees it (invalid curve attack). */
function ecFlaw(key: Member): string | undefined {
  const curve = key["crv"];
  if (curve !== "P-256" && curve !== "P-384") return "its curve is not P-256 or P-384";
  const [x, y] = [decode(key["x"]), decode(key["y"])];
  return x && y && isPointOnCurve(keyTypes[curve].curve, x, y) ? undefined : "its point is not on its curve";
}

/** With an exponent of 1 every signature verifies, and small odd exponents make forgeries easier. */
function rsaFlaw(key: Member): string | undefined {
  const [modulus, exponent] = [decode(key["n"]), decode(key["e"])];
  if (!modulus || !exponent || exponent.length > 8) return "its modulus or exponent is malformed";
  if (bitLength(modulus) < 2048 || bitLength(modulus) > 8192)
    return "its modulus does not have 2048 to 8192 bits";
  const e = BigInt(`0x${Buffer.from(exponent).toString("hex") || "0"}`);
  return e >= 65_537n && (e & 1n) === 1n ? undefined : "its exponent is less than 65537 or even";
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24;
}

/** Every key that verification holds was imported once, so no token can make OpenSSL reject one later. */
function importFlaw(key: VerificationKey): string | undefined {
  try {
    createPublicKey({ key, format: "jwk" });
    return undefined;
  } catch {
    return "OpenSSL cannot import it";
  }
}

/** Undefined unless the text is strict base64url without padding. */
function decode(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string") return undefined;
  const bytes = Buffer.from(value, "base64url");
  return bytes.toString("base64url") === value ? bytes : undefined;
}

/** Passes on only the members that verification needs. */
function publicPart(key: Member): VerificationKey {
  const names = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];
  return Object.fromEntries(names.filter((name) => key[name] !== undefined).map((name) => [name, key[name]]));
}
