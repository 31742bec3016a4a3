// Alternative encodings of base64url. Each token must have exactly one text, because tokens may be counted or
// blocked by it.

import { type Case, group, rejected } from "./case.ts";
import { changed, claimsJson, mint, respelled } from "./minting.ts";

const names = ["header", "payload", "signature"] as const;

/** Octets whose base64url contains both characters that differ from base64, at any alignment. */
const rich = { typ: "???>>>~~~???>>>~~~" };
const richClaims = { note: "???>>>~~~???>>>~~~" };
const order = { header: rich, claims: richClaims };
const good = mint(order);

const middle = (part: string, text: string) => `${part.slice(0, 8)}${text}${part.slice(8)}`;

/** Each decodes to the same octets in a lenient decoder. */
const forgivable: Readonly<Record<string, (part: string) => string>> = {
  padded: (part) => part.padEnd(part.length + 4 - (part.length % 4 || 4), "=").padEnd(part.length + 1, "="),
  "padded with four characters": (part) => `${part}====`,
  "with a line feed inside": (part) => middle(part, "\n"),
  "with a carriage return inside": (part) => middle(part, "\r\n"),
  "with a trailing line feed": (part) => `${part}\n`,
  "with a space inside": (part) => middle(part, " "),
  "with a tab inside": (part) => middle(part, "\t"),
  "with NUL inside": (part) => middle(part, "\u0000"),
  "with a no-break space inside": (part) => middle(part, "\u00a0"),
  "with a leading byte order mark": (part) => `\ufeff${part}`,
  "with a star inside": (part) => middle(part, "*"),
  "with padding in the middle": (part) => middle(part, "=="),
  "with a percent escape": (part) => `%${part.charCodeAt(0).toString(16)}${part.slice(1)}`,
};

/** Changed after signing: an attacker re-encodes the issuer's token. */
const after = group(
  "base64url, rewritten after signing",
  rejected,
  Object.fromEntries(
    names.flatMap((name, index) =>
      Object.entries(forgivable).map(([how, change]) => [`${name} ${how}`, respelled(good, index, change)]),
    ),
  ),
);

const standardAlphabet = (part: string) => part.replaceAll("-", "+").replaceAll("_", "/");

/** The signature covers the unusual encoding, so only the decoder can reject it. */
const signedOver = group("base64url, rewritten before signing", rejected, {
  ...Object.fromEntries(
    Object.entries(forgivable).flatMap(([how, change]) =>
      [0, 1].map((at) => [
        `${names[at]} ${how}, signed like this`,
        mint({ ...order, spell: (part, index) => (index === at ? change(part) : part) }),
      ]),
    ),
  ),
  "header in the standard base64 alphabet, signed like this": mint({
    ...order,
    spell: (part, index) => (index === 0 ? changed(part, standardAlphabet) : part),
  }),
  "payload in the standard base64 alphabet, signed like this": mint({
    ...order,
    spell: (part, index) => (index === 1 ? changed(part, standardAlphabet) : part),
  }),
  "payload with non-zero trailing bits, signed like this": mint({
    payload: uneven(claimsJson()),
    spell: (part, index) => (index === 1 ? looseBits(part) : part),
  }),
  "header with non-zero trailing bits, signed like this": mint({
    rawHeader: uneven('{"alg":"ES256","kid":"es256"}'),
    spell: (part, index) => (index === 0 ? looseBits(part) : part),
  }),
  "payload with one character too many, signed like this": mint({
    spell: (part, index) => (index === 1 ? `${part}${"A".repeat((5 - (part.length % 4)) % 4)}` : part),
  }),
});

const uneventful = mint({
  rawHeader: uneven('{"alg":"ES256","kid":"es256"}'),
  payload: uneven(claimsJson()),
});

const respelling = group("base64url, rewritten after signing", rejected, {
  "header in the standard base64 alphabet": respelled(good, 0, standardAlphabet),
  "payload in the standard base64 alphabet": respelled(good, 1, standardAlphabet),
  "signature in the standard base64 alphabet": respelled(signatureWithBoth(), 2, standardAlphabet),
  "header with non-zero trailing bits": respelled(uneventful, 0, looseBits),
  "payload with non-zero trailing bits": respelled(uneventful, 1, looseBits),
  "signature with non-zero trailing bits": respelled(uneventful, 2, looseBits),
  "signature with one character too many": respelled(good, 2, (part) => `${part}AAA`),
});

export const encodings: readonly Case[] = [...after, ...respelling, ...signedOver];

/** JSON, padded with a space if its base64url would otherwise use every bit of the last character. */
function uneven(json: string): string {
  return json.length % 3 === 0 ? `${json} ` : json;
}

/** Sets an unused bit of the last character. */
function looseBits(part: string): string {
  if (part.length % 4 === 0) throw new Error("the part has no unused bits");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(part.slice(-1));
  return `${part.slice(0, -1)}${alphabet[last + 1]}`;
}

function signatureWithBoth(): string {
  const token = mint(order);
  return /[-_][^.]*$/.test(token) ? token : signatureWithBoth();
}
