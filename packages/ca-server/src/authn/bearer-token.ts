import { CaError } from "../errors.ts";
import type { CallCredentials } from "../issuance/ports.ts";
import { parseStrictJson } from "./claims/strict-json.ts";

/** The parts of a token that its signature is verified with. */
export interface SignedText {
  readonly alg: string;
  readonly kid: string | undefined;
  /** The encoded header and payload, which the signature covers (RFC 7515 §5.2). */
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/** A well-formed JWT in compact form. Nothing in it is proven until its signature is verified. */
export interface BearerToken {
  /** As received. It must never be logged or shown. */
  readonly text: string;
  /**
   * The issuer that the token claims. It selects the authenticator and must not be used for anything else.
   */
  readonly claimedIssuer: string | undefined;
  /** Parsed from the payload that `signed` covers. */
  readonly unprovenClaims: Readonly<Record<string, unknown>>;
  readonly signed: SignedText;
  /** `host:port` of the peer that presented it. */
  readonly peerAddress: string;
  /** The certificates that the peer presented with it, leaf first. They may be unverified. */
  readonly peerCertificates?: readonly Uint8Array[];
}

/** Case-sensitive and followed by exactly one space, as in stock CAs. */
const prefix = "Bearer ";
const maxTokenLength = 16 * 1024;
/** Header parameters that select a key or change how the token is read. No configured issuer uses them. */
const forbiddenHeaders = ["jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc"];

/**
 * Reads the first `Bearer` token of a call; undefined if there is none. Further values are ignored. A JWE has
 * five parts and is rejected before anything is decoded, which prevents decompression bombs.
 * @throws CaError `TOKEN_REJECTED`.
 */
export function readBearerToken({
  authorization,
  peerAddress = "unknown",
  peerCertificates,
}: CallCredentials): BearerToken | undefined {
  const value = authorization.find((candidate) => candidate.startsWith(prefix));
  if (value === undefined) return undefined;
  const text = value.slice(prefix.length);
  if (text.length > maxTokenLength) throw rejected("the token is longer than 16 KiB");
  const [header, payload, signature, ...more] = text.split(".", 4);
  if (!header || !payload || !signature || more.length > 0) {
    throw rejected("the token is not a JWT with three parts (RFC 7515 section 7.1)");
  }
  const signed = {
    signature: decodePart(signature, "signature"),
    ...parseHeader(parsePart(header, "header")),
    signingInput: text.slice(0, -signature.length - 1),
  };
  const unprovenClaims = parsePart(payload, "payload");
  const { iss } = unprovenClaims;
  const claimedIssuer = typeof iss === "string" ? iss : undefined;
  return { text, claimedIssuer, unprovenClaims, signed, peerAddress, peerCertificates };
}

/** Rejects a token without quoting it, because nothing in it has been verified. */
export function rejected(problem: string, cause?: unknown, fix = "send a service account token"): CaError {
  return new CaError("TOKEN_REJECTED", problem, { fix, cause });
}

function parseHeader(header: Readonly<Record<string, unknown>>): Pick<SignedText, "alg" | "kid"> {
  const forbidden = forbiddenHeaders.find((name) => Object.hasOwn(header, name));
  if (forbidden !== undefined)
    throw rejected(`the token's header contains ${forbidden}, which is not allowed`);
  const { alg, kid } = header;
  if (typeof alg !== "string") throw rejected("the token's header has no alg");
  if (kid !== undefined && typeof kid !== "string") throw rejected("the token's kid is not a string");
  return { alg, kid };
}

function parsePart(part: string, name: string): Readonly<Record<string, unknown>> {
  const bytes = decodePart(part, name);
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw rejected(`the token's ${name} is invalid: ${cause.message}`, cause);
  }
}

/** Strict base64url: a second spelling of the same octets would count as a second token. */
function decodePart(part: string, name: string): Uint8Array {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.length === 0 || bytes.toString("base64url") !== part) {
    throw rejected(`the token's ${name} is not canonical base64url`);
  }
  return bytes;
}
