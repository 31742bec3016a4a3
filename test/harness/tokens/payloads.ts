// Claims that are not the UTF-8 text of one JSON object (RFC 7519 section 7.2).

import { type Case, frontend, group, refused, rejected } from "./case.ts";
import { claimsJson, issuer, mint, second, subject, withMember } from "./minting.ts";

const json = claimsJson();
const payload = (text: string | Uint8Array) => mint({ payload: text });
const withNote = (...octets: readonly number[]) => {
  const [before = "", behind = ""] = claimsJson({ note: "X" }).split("X");
  return payload(Buffer.concat([Buffer.from(before), Buffer.from(octets), Buffer.from(behind)]));
};
const nested = (depth: number) => `"note":${"[".repeat(depth)}${"]".repeat(depth)}`;
const odd = (text: string) => payload(withMember(json, text));

const values = group("payload", rejected, {
  null: payload("null"),
  true: payload("true"),
  "a number": payload("1"),
  "a string": payload('"claims"'),
  "a string that contains the claims": payload(JSON.stringify(json)),
  "an empty list": payload("[]"),
  "a list that contains the claims": payload(`[${json}]`),
  "a space": payload(" "),
  "a word": payload("claims"),
  "a form": payload(`iss=${issuer}&sub=${subject}`),
  "an XML document": payload("<claims/>"),
  binary: payload(Uint8Array.from({ length: 200 }, (_, index) => index)),
});

const encodings = group("text of the payload", rejected, {
  "with a leading byte order mark": payload(`\ufeff${json}`),
  "in UTF-16": payload(Buffer.from(json, "utf16le")),
  "in UTF-16 with a byte order mark": payload(Buffer.from(`\ufeff${json}`, "utf16le")),
  "with an invalid lead octet": withNote(0xff),
  "with a stray continuation octet": withNote(0x80),
  "with an overlong slash": withNote(0xc0, 0xaf),
  "with a lone surrogate in three octets": withNote(0xed, 0xa0, 0x80),
  "with a truncated character": withNote(0xc3),
  "with a code point above U+10FFFF": withNote(0xf4, 0x90, 0x80, 0x80),
  "with NUL in a string": withNote(0),
  "with a line feed in a string": withNote(0x0a),
  "with a trailing NUL": payload(`${json}\u0000`),
  "with a leading NUL": payload(`\u0000${json}`),
});

const grammar = group("grammar of the payload", rejected, {
  "with an object after the end": payload(`${json}{}`),
  "with a comma after the end": payload(`${json},`),
  "with a brace after the end": payload(`${json}}`),
  "with a letter after the end": payload(`${json}x`),
  "cut off": payload(json.slice(0, -1)),
  "with a trailing comma": payload(`${json.slice(0, -1)},}`),
  "with two commas": payload(json.replace(",", ",,")),
  "with a comment": payload(json.replace("{", "{/* */")),
  "with a line comment": payload(json.replace("{", "{// \n")),
  "in single quotes": payload(json.replaceAll('"', "'")),
  "with a name without quotes": odd("note:1"),
  "with NaN": odd('"note":NaN'),
  "with Infinity": odd('"note":Infinity'),
  "with undefined": odd('"note":undefined'),
  "with a number with leading zeros": odd('"note":01'),
  "with a number with a plus sign": odd('"note":+1'),
  "with a number in hexadecimal": odd('"note":0x10'),
  "with a number that ends with its decimal point": odd('"note":1.'),
  "with an unknown escape": odd('"note":"\\x41"'),
  "with an escape of three digits": odd('"note":"\\u041"'),
  "with a form feed between members": payload(json.replace("{", "{\f")),
  "with a no-break space between members": payload(json.replace("{", "{\u00a0")),
  "with line endings that JSON does not allow": payload(json.replace("{", "{\u2028")),
  "with a colon missing": payload(json.replace(":", " ")),
  "nested five thousand deep": odd(nested(5_000)),
});

const sound = group("sound payloads", frontend, {
  "with surrounding spaces": payload(` \t\r\n${json} \t\r\n`),
  "on several lines": payload(JSON.stringify(JSON.parse(json), undefined, 2)),
  "nested ten deep": odd(nested(10)),
  "with unknown claims": mint({ claims: { note: { a: [1, null, true, "x", 1.5] }, "": 0 } }),
  "with a name that every object inherits": mint({
    claims: { constructor: 1, hasOwnProperty: 2, toString: 3 },
  }),
  "with __proto__ as a name": odd('"__proto__":{"sub":"system:serviceaccount:prod:bank"}'),
  "with upper-case names beside the real ones": mint({
    claims: { SUB: "system:serviceaccount:prod:bank", Exp: 1, AUD: "vault" },
  }),
  "with letters of other scripts": mint({ claims: { note: "ßφ漢🙂" } }),
  "with a lone surrogate as an escape": odd('"note":"\\ud800"'),
  "with NUL as an escape": odd('"note":"\\u0000"'),
  "with an exact number that no double represents": odd('"note":123456789012345678901234567890'),
  "with escapes throughout": payload(
    json.replace('"sub"', '"\\u0073\\u0075\\u0062"').replace("frontend", "\\u0066rontend"),
  ),
});

const empty = group("payload", refused("TOKEN_ISSUER"), { "an empty object": payload("{}") });

const prototypes = group("payload", refused("CALLER_NOT_SERVICE_ACCOUNT", "TOKEN_REJECTED"), {
  "a sub set through __proto__": payload(
    `{"iss":"${issuer}","aud":"istio-ca","exp":${second + 60},"__proto__":{"sub":"${subject}"}}`,
  ),
});

const headers = group("text of the header", rejected, {
  "header null": mint({ rawHeader: "null" }),
  "header as a list": mint({ rawHeader: '[{"alg":"ES256","kid":"es256"}]' }),
  "header as a string": mint({ rawHeader: '"ES256"' }),
  "header as a number": mint({ rawHeader: "256" }),
  "header as an empty object": mint({ rawHeader: "{}" }),
  "header not JSON": mint({ rawHeader: "alg=ES256" }),
  "header with a leading byte order mark": mint({ rawHeader: '\ufeff{"alg":"ES256","kid":"es256"}' }),
  "header with a trailing comma": mint({ rawHeader: '{"alg":"ES256","kid":"es256",}' }),
  "header with text after the end": mint({ rawHeader: '{"alg":"ES256","kid":"es256"}{}' }),
  "header with an invalid lead octet": mint({
    rawHeader: Buffer.from('{"alg":"ES256","kid":"es256","typ":"\xff"}', "latin1"),
  }),
  "header nested three thousand deep": mint({ rawHeader: `{"alg":"ES256","kid":"es256",${nested(3_000)}}` }),
  "header with alg set through __proto__": mint({
    rawHeader: '{"__proto__":{"alg":"ES256"},"kid":"es256"}',
  }),
});

export const payloads: readonly Case[] = [
  ...values,
  ...encodings,
  ...grammar,
  ...sound,
  ...empty,
  ...prototypes,
  ...headers,
];
