import { type KeyName, signAs } from "./keys.ts";

export const issuer = "https://issuer.test";
export const audience = "istio-ca";

/** Half a second past a full second, so that no verdict depends on how a verifier rounds its clock. */
export const now = new Date("2030-01-01T00:00:00.500Z");
/** The full second that contains `now`. */
export const second = Math.floor(now.getTime() / 1000);

type Members = Readonly<Record<string, unknown>>;
type Octets = string | Uint8Array;

export interface TokenOrder {
  readonly key?: KeyName;
  /** JWS algorithm of the header and the signature. */
  readonly alg?: string;
  /** Changes to the usual header; undefined removes a member. */
  readonly header?: Members;
  /** Replaces the header's JSON. */
  readonly rawHeader?: Octets;
  /** Changes to the usual claims. */
  readonly claims?: Members;
  /** Replaces the claims' JSON. */
  readonly payload?: Octets;
  /** Re-encodes the header (0) and the payload (1); the signature covers the result. */
  readonly spell?: (part: string, index: number) => string;
  readonly sign?: (input: Buffer) => Uint8Array;
}

export const subject = "system:serviceaccount:demo:frontend";

const usualAlgorithm: Readonly<Partial<Record<KeyName, string>>> = {
  es384: "ES384",
  rs256: "RS256",
  eddsa: "EdDSA",
  "an attacker's RSA": "RS256",
};

export function claimsJson(changes: Members = {}): string {
  const usual = { iss: issuer, aud: [audience], sub: subject, exp: second + 3600, iat: second - 60 };
  return JSON.stringify({
    ...usual,
    nbf: second - 60,
    jti: "9b1c2f4e-6d6d-4a53-9c3c-4f8f2f1f7a10",
    ...changes,
  });
}

/** The JSON text of an object with another member at the end, even if the name already exists. */
export function withMember(json: string, member: string): string {
  return `${json.slice(0, -1)},${member}}`;
}

/** A token whose signature is valid for its bytes, however malformed they are. */
export function mint(order: TokenOrder = {}): string {
  const { key = "es256", spell = (part: string) => part } = order;
  const alg = order.alg ?? usualAlgorithm[key] ?? "ES256";
  const header = order.rawHeader ?? JSON.stringify({ alg, kid: key, ...order.header });
  const payload = order.payload ?? claimsJson(order.claims);
  const signed = `${spell(base64url(header), 0)}.${spell(base64url(payload), 1)}`;
  const { sign = (input: Buffer) => signAs(alg, key, input) } = order;
  return `${signed}.${base64url(sign(Buffer.from(signed)))}`;
}

/** Header, payload and signature of a three-part token. */
export function partsOf(token: string): readonly [string, string, string] {
  const [header, payload, signature] = token.split(".");
  if (!header || !payload || !signature) throw new Error("the table's own token has no three parts");
  return [header, payload, signature];
}

/** A signed token with one part replaced. */
export function respelled(token: string, index: number, change: (part: string) => string): string {
  return partsOf(token)
    .map((part, at) => (at === index ? changed(part, change) : part))
    .join(".");
}

/** Throws if nothing changes, so that no case is accidentally a valid token. */
export function changed(part: string, change: (part: string) => string): string {
  const result = change(part);
  if (result === part) throw new Error("the change leaves the part as it was");
  return result;
}

export function base64url(octets: Octets): string {
  return Buffer.from(octets).toString("base64url");
}
