import { type KeyName, signAs } from "./keys.ts";

export const issuer = "https://issuer.test";
export const audience = "istio-ca";

/** Half a second past a whole one, so that no verdict hangs on how a judge rounds its clock. */
export const now = new Date("2030-01-01T00:00:00.500Z");
/** The whole second that `now` lies in. */
export const second = Math.floor(now.getTime() / 1000);

type Members = Readonly<Record<string, unknown>>;
type Octets = string | Uint8Array;

export interface TokenOrder {
  readonly key?: KeyName;
  /** JWS algorithm of header and signature. */
  readonly alg?: string;
  /** Changes to the usual header; undefined takes a member away. */
  readonly header?: Members;
  /** Instead of the header's JSON. */
  readonly rawHeader?: Octets;
  /** Changes to the usual claims. */
  readonly claims?: Members;
  /** Instead of the claims' JSON. */
  readonly payload?: Octets;
  /** Another spelling of header (0) and payload (1); the signature covers what comes out. */
  readonly spell?: (part: string, index: number) => string;
  readonly sign?: (input: Buffer) => Uint8Array;
}

export const subject = "system:serviceaccount:demo:frontend";

const usualAlgorithm: Readonly<Partial<Record<KeyName, string>>> = {
  es384: "ES384",
  rs256: "RS256",
  eddsa: "EdDSA",
  "a stranger's RSA": "RS256",
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

/** The JSON text of an object with one more member at its end, whatever is there already. */
export function withMember(json: string, member: string): string {
  return `${json.slice(0, -1)},${member}}`;
}

/** A token whose signature is right for the bytes it covers, however wrong those are. */
export function mint(order: TokenOrder = {}): string {
  const { key = "es256", spell = (part: string) => part } = order;
  const alg = order.alg ?? usualAlgorithm[key] ?? "ES256";
  const header = order.rawHeader ?? JSON.stringify({ alg, kid: key, ...order.header });
  const payload = order.payload ?? claimsJson(order.claims);
  const signed = `${spell(base64url(header), 0)}.${spell(base64url(payload), 1)}`;
  const { sign = (input: Buffer) => signAs(alg, key, input) } = order;
  return `${signed}.${base64url(sign(Buffer.from(signed)))}`;
}

/** Header, payload and signature of a token of three parts. */
export function partsOf(token: string): readonly [string, string, string] {
  const [header, payload, signature] = token.split(".");
  if (!header || !payload || !signature) throw new Error("the table's own token has no three parts");
  return [header, payload, signature];
}

/** A finished token with one part written in another way. */
export function respelled(token: string, index: number, change: (part: string) => string): string {
  return partsOf(token)
    .map((part, at) => (at === index ? changed(part, change) : part))
    .join(".");
}

/** Fails where there is nothing to change, so that no case is a good token by accident. */
export function changed(part: string, change: (part: string) => string): string {
  const result = change(part);
  if (result === part) throw new Error("the change leaves the part as it was");
  return result;
}

export function base64url(octets: Octets): string {
  return Buffer.from(octets).toString("base64url");
}
