// The parser accepts tokens up to 16 KiB; it rejects longer ones before decoding any part.

import { type Case, frontend, group, refused, rejected } from "./case.ts";
import { audience, claimsJson, mint, partsOf } from "./minting.ts";

const limit = 16 * 1024;
const good = mint();
const [header, payload] = partsOf(good);

const fitting = group("sizes", frontend, {
  "exactly 16 KiB": ofLength(limit),
  "one character less than 16 KiB": ofLength(limit - 1),
  "claims of ten thousand characters": mint({ claims: { note: "x".repeat(10_000) } }),
  "a thousand claims": mint({
    claims: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`c${index}`, 0])),
  }),
  "a list of four thousand numbers": mint({ claims: { note: Array.from({ length: 4_000 }, () => 1) } }),
  "a header of ten thousand characters": mint({ header: { typ: "x".repeat(10_000) } }),
});

const oversized = group("sizes", rejected, {
  "one character more than 16 KiB": ofLength(limit + 1),
  "two characters more than 16 KiB": ofLength(limit + 2),
  "64 KiB": ofLength(4 * limit),
  "a megabyte": mint({ claims: { note: "x".repeat(1024 * 1024) } }),
  "a megabyte of header": mint({ header: { typ: "x".repeat(1024 * 1024) } }),
  "a megabyte of signature": `${header}.${payload}.${"A".repeat(1024 * 1024)}`,
  "a megabyte of dots": ".".repeat(1024 * 1024),
  "16 KiB of dots": ".".repeat(limit),
  "16 KiB of letters": "A".repeat(limit),
  "16 KiB of short parts": "a.".repeat(limit / 2),
  "8000 quotes as claims": mint({ payload: '"'.repeat(8_000) }),
  "8000 backslashes in a string": mint({ payload: `{"a":"${"\\".repeat(8_001)}"}` }),
  "8000 unterminated names": mint({ payload: `{${'"a":{'.repeat(1_600)}` }),
  "exp with ten thousand digits": mint({
    payload: claimsJson({ exp: "X" }).replace('"X"', "9".repeat(10_000)),
  }),
});

const longNames = [
  ...group("sizes", refused("CALLER_NOT_SERVICE_ACCOUNT"), {
    "a sub of ten thousand characters": mint({ claims: { sub: "s".repeat(10_000) } }),
  }),
  ...group("sizes", refused("TOKEN_AUDIENCE"), {
    "an aud of ten thousand characters": mint({ claims: { aud: audience.repeat(1_250) } }),
    "two thousand other audiences": mint({ claims: { aud: Array.from({ length: 2_000 }, () => "vau") } }),
  }),
  ...group("sizes", refused("TOKEN_ISSUER"), {
    "an iss of ten thousand characters": mint({ claims: { iss: "i".repeat(10_000) } }),
  }),
];

export const sizes: readonly Case[] = [...fitting, ...oversized, ...longNames];

/** Base64url cannot have every length, so the header fills the gap. */
function ofLength(length: number): string {
  for (const typ of ["", "a", "ab"]) {
    const room = length - mint({ header: { typ }, claims: { note: "" } }).length;
    for (const note of [0, 1, 2, 3].map((less) => "x".repeat(Math.ceil((room * 3) / 4) - less))) {
      const token = mint({ header: { typ }, claims: { note } });
      if (token.length === length) return token;
    }
  }
  throw new Error(`cannot create a token of ${length} characters`);
}
