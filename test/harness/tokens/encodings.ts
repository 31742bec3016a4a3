// Other spellings of base64url. Whoever counts or blocks tokens by their text must meet one text for each.

import { type Case, group, rejected } from "./case.ts";
import { changed, claimsJson, mint, respelled } from "./minting.ts";

const names = ["header", "payload", "signature"] as const;

/** Octets whose base64url holds both of the characters that base64 spells otherwise, at any alignment. */
const rich = { typ: "???>>>~~~???>>>~~~" };
const richClaims = { note: "???>>>~~~???>>>~~~" };
const order = { header: rich, claims: richClaims };
const good = mint(order);

const middle = (part: string, text: string) => `${part.slice(0, 8)}${text}${part.slice(8)}`;

/** Each is still the same octets to a decoder that forgives it. */
const forgivable: Readonly<Record<string, (part: string) => string>> = {
  padded: (part) => part.padEnd(part.length + 4 - (part.length % 4 || 4), "=").padEnd(part.length + 1, "="),
  "padded with four": (part) => `${part}====`,
  "with a line end in it": (part) => middle(part, "\n"),
  "with a carriage return in it": (part) => middle(part, "\r\n"),
  "with a line end behind": (part) => `${part}\n`,
  "with a space in it": (part) => middle(part, " "),
  "with a tab in it": (part) => middle(part, "\t"),
  "with NUL in it": (part) => middle(part, "\u0000"),
  "with a no-break space in it": (part) => middle(part, "\u00a0"),
  "with a byte order mark before": (part) => `\ufeff${part}`,
  "with a star in it": (part) => middle(part, "*"),
  "with padding in the middle": (part) => middle(part, "=="),
  "with a percent escape": (part) => `%${part.charCodeAt(0).toString(16)}${part.slice(1)}`,
};

/** Changed when it was signed already: the issuer's token, spelled anew by somebody else. */
const after = group(
  "base64url, respelled",
  rejected,
  Object.fromEntries(
    names.flatMap((name, index) =>
      Object.entries(forgivable).map(([how, change]) => [`${name} ${how}`, respelled(good, index, change)]),
    ),
  ),
);

const standardAlphabet = (part: string) => part.replaceAll("-", "+").replaceAll("_", "/");

/** The signature covers the odd spelling, so that nothing but the decoder can refuse it. */
const signedOver = group("base64url, signed as spelled", rejected, {
  ...Object.fromEntries(
    Object.entries(forgivable).flatMap(([how, change]) =>
      [0, 1].map((at) => [
        `${names[at]} ${how}, and signed so`,
        mint({ ...order, spell: (part, index) => (index === at ? change(part) : part) }),
      ]),
    ),
  ),
  "header in the alphabet of base64, and signed so": mint({
    ...order,
    spell: (part, index) => (index === 0 ? changed(part, standardAlphabet) : part),
  }),
  "payload in the alphabet of base64, and signed so": mint({
    ...order,
    spell: (part, index) => (index === 1 ? changed(part, standardAlphabet) : part),
  }),
  "payload with loose bits, and signed so": mint({
    payload: uneven(claimsJson()),
    spell: (part, index) => (index === 1 ? looseBits(part) : part),
  }),
  "header with loose bits, and signed so": mint({
    rawHeader: uneven('{"alg":"ES256","kid":"es256"}'),
    spell: (part, index) => (index === 0 ? looseBits(part) : part),
  }),
  "payload with one character too many, and signed so": mint({
    spell: (part, index) => (index === 1 ? `${part}${"A".repeat((5 - (part.length % 4)) % 4)}` : part),
  }),
});

const uneventful = mint({
  rawHeader: uneven('{"alg":"ES256","kid":"es256"}'),
  payload: uneven(claimsJson()),
});

const respelling = group("base64url, respelled", rejected, {
  "header in the alphabet of base64": respelled(good, 0, standardAlphabet),
  "payload in the alphabet of base64": respelled(good, 1, standardAlphabet),
  "signature in the alphabet of base64": respelled(signatureWithBoth(), 2, standardAlphabet),
  "header with loose bits": respelled(uneventful, 0, looseBits),
  "payload with loose bits": respelled(uneventful, 1, looseBits),
  "signature with loose bits": respelled(uneventful, 2, looseBits),
  "signature with one character too many": respelled(good, 2, (part) => `${part}AAA`),
});

export const encodings: readonly Case[] = [...after, ...respelling, ...signedOver];

/** JSON, with a blank behind it where its base64url would else use every bit of its last character. */
function uneven(json: string): string {
  return json.length % 3 === 0 ? `${json} ` : json;
}

/** Sets a bit of the last character that stands for none of the octets. */
function looseBits(part: string): string {
  if (part.length % 4 === 0) throw new Error("the part has no loose bits");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(part.slice(-1));
  return `${part.slice(0, -1)}${alphabet[last + 1]}`;
}

function signatureWithBoth(): string {
  const token = mint(order);
  return /[-_][^.]*$/.test(token) ? token : signatureWithBoth();
}
