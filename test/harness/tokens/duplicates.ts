// Objects with a duplicate member: some parsers use the first one, others the last (RFC 7519 section 4, RFC
// 7515 section 4).

import { type Case, frontend, group, rejected } from "./case.ts";
import { audience, claimsJson, issuer, mint, second, subject, withMember } from "./minting.ts";

const bank = "system:serviceaccount:prod:bank";
const json = claimsJson();
const behind = (member: string) => mint({ payload: withMember(json, member) });
const before = (member: string) => mint({ payload: `{${member},${json.slice(1)}` });
const kubernetes = (members: string) => behind(`"kubernetes.io":${members}`);
const header = (text: string) => mint({ rawHeader: text });

const claims = group("members twice", rejected, {
  "sub twice, the invalid one last": behind(`"sub":"${bank}"`),
  "sub twice, the invalid one first": before(`"sub":"${bank}"`),
  "sub twice with the same value": behind(`"sub":"${subject}"`),
  "sub twice, once with an escape": behind(`"s\\u0075b":"${bank}"`),
  "sub twice, the first written in escapes": before(`"\\u0073\\u0075\\u0062":"${bank}"`),
  "sub three times": behind(`"sub":"${bank}","sub":"${subject}"`),
  "sub twice with a space before the colon": behind(`"sub" : "${bank}"`),
  "exp twice": behind(`"exp":${second + 86_400}`),
  "exp twice, once in the past": before(`"exp":${second - 60}`),
  "exp twice, once with an escape": behind(`"e\\u0078p":${second + 86_400}`),
  "nbf twice": behind(`"nbf":${second + 60}`),
  "iat twice": behind(`"iat":${second}`),
  "aud twice": behind(`"aud":"vault"`),
  "aud twice, the right one last": before(`"aud":"vault"`),
  "aud twice with the same value": behind(`"aud":["${audience}"]`),
  "iss twice": behind(`"iss":"https://evil.test"`),
  "iss twice, the right one last": before(`"iss":"https://evil.test"`),
  "iss twice with the same value": behind(`"iss":"${issuer}"`),
  "jti twice": behind(`"jti":"another"`),
  "an unknown claim twice": behind(`"note":1,"note":2`),
  "an empty name twice": behind(`"":1,"":2`),
  "__proto__ twice": behind(`"__proto__":1,"__proto__":2`),
  "a name outside the basic multilingual plane twice, once with escapes": behind(
    `"\u{1f642}":1,"\\ud83d\\ude42":2`,
  ),
  "a member twice in an unknown object": behind(`"note":{"a":1,"a":2}`),
  "a member twice in an object of a list": behind(`"note":[[{"a":1,"b":[],"a":2}]]`),
  "kubernetes.io twice": kubernetes(
    `{"namespace":"demo","serviceaccount":{"name":"frontend"}},"kubernetes.io":{"namespace":"prod"}`,
  ),
  "namespace twice in kubernetes.io": kubernetes(
    `{"namespace":"prod","namespace":"demo","serviceaccount":{"name":"frontend"}}`,
  ),
  "serviceaccount twice in kubernetes.io": kubernetes(
    `{"namespace":"demo","serviceaccount":{"name":"bank"},"serviceaccount":{"name":"frontend"}}`,
  ),
  "name twice in kubernetes.io's serviceaccount": kubernetes(
    `{"namespace":"demo","serviceaccount":{"name":"bank","name":"frontend"}}`,
  ),
  "name twice in kubernetes.io's serviceaccount, once with an escape": kubernetes(
    `{"namespace":"demo","serviceaccount":{"name":"bank","n\\u0061me":"frontend"}}`,
  ),
  "uid twice in kubernetes.io's pod": kubernetes(
    `{"namespace":"demo","serviceaccount":{"name":"frontend"},"pod":{"name":"p","uid":"a","uid":"b"}}`,
  ),
});

const headers = group("members twice", rejected, {
  "alg twice": header('{"alg":"ES256","kid":"es256","alg":"ES256"}'),
  "alg twice, once none": header('{"alg":"none","kid":"es256","alg":"ES256"}'),
  "alg twice, none last": header('{"alg":"ES256","kid":"es256","alg":"none"}'),
  "alg twice, once with an escape": header('{"alg":"ES256","kid":"es256","\\u0061lg":"ES256"}'),
  "kid twice": header('{"alg":"ES256","kid":"es256","kid":"es256"}'),
  "kid twice with different values": header('{"alg":"ES256","kid":"rs256","kid":"es256"}'),
  "kid twice, once with an escape": header('{"alg":"ES256","kid":"es256","\\u006bid":"es256"}'),
  "typ twice": header('{"alg":"ES256","typ":"JWT","kid":"es256","typ":"JWT"}'),
  "an unknown member twice in the header": header('{"alg":"ES256","kid":"es256","a":1,"a":1}'),
  "a member twice in an object of the header": header('{"alg":"ES256","kid":"es256","a":{"b":1,"b":2}}'),
});

const once = group("members once", frontend, {
  "one name in two objects": behind('"a":{"sub":1},"b":{"sub":2,"c":{"sub":3}}'),
  "one name in two objects of a list": behind('"note":[{"a":1},{"a":2}]'),
  "a name that is also a value": behind('"note":"note","other":["other","other"]'),
  "a value that looks like members": behind(`"note":"\\",\\"sub\\":\\"${bank}\\",\\"sub\\":\\""`),
  "a name that ends in a backslash": behind('"a\\\\":1,"a":2'),
  "names that differ in case": behind('"note":1,"Note":2'),
  "names that differ in the encoding of an accent": behind('"\u00e9":1,"e\u0301":2'),
  "names that differ in a space": behind('"note":1,"note ":2'),
});

export const duplicates: readonly Case[] = [...claims, ...headers, ...once];
