import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { CaError } from "../errors.ts";
import { readBearerToken } from "./bearer-token.ts";

const encode = (text: string) => Buffer.from(text).toString("base64url");
const goodHeader = encode('{"alg":"ES256","kid":"a"}');
const goodPayload = encode('{"iss":"https://issuer.test"}');
const token = (header = goodHeader, payload = goodPayload, signature = "c2ln") =>
  `${header}.${payload}.${signature}`;

const read = (...authorization: string[]) => readBearerToken({ authorization, peerCertificates: [] });
const refuse = (text: string) => throwsWithCode(() => read(`Bearer ${text}`), "TOKEN_REJECTED");

describe("readBearerToken", () => {
  it("rejects a token unless it has three non-empty parts", () => {
    const shapes = [
      "a.b.c.d.e",
      "a.b.c.d",
      "a.b.c.",
      "a.b",
      "a",
      ".",
      "..",
      "...",
      ".b.c",
      "a..c",
      "a.b.",
      "",
    ];
    for (const text of shapes) refuse(text);
    for (const text of [`.${token()}`, `${token()}.`, `${token()}.c2ln`, `${token()}.c2ln.c2ln`])
      refuse(text);
  });

  it("rejects a token of five parts before it decodes any of them, which could be a decompression bomb", () => {
    const { message } = refuse("!.!.!.!.!");
    assert.match(message, /not a JWT with three parts/);
  });

  it("accepts a token of 16 KiB and rejects one that is a character longer", () => {
    const payloads = ["", "x", "xx"].map((padding) => encode(`{"padding":"${padding}"}`));
    const room = (payload: string) => 16 * 1024 - token(goodHeader, payload, "").length;
    const payload = payloads.find((each) => room(each) % 4 === 0) ?? assert.fail("no payload fits");
    const signature = "A".repeat(room(payload));
    assert.equal(read(`Bearer ${token(goodHeader, payload, signature)}`)?.text.length, 16 * 1024);
    assert.match(refuse(token(goodHeader, payload, `${signature}A`)).message, /longer than 16 KiB/);
  });

  it("rejects two tokens that a proxy joined into one header", () => {
    for (const joint of [", Bearer ", ",", " ", ";", "\n"]) refuse(`${token()}${joint}${token()}`);
  });

  it("rejects every encoding of a part but canonical base64url", () => {
    const spellings = (part: string) => [
      `${part}=`,
      `${part} `,
      ` ${part}`,
      `${part}\n`,
      `${part}!`,
      `+${part}`,
      `/${part}`,
    ];
    for (const spelling of spellings(goodHeader)) refuse(token(spelling));
    for (const spelling of spellings(goodPayload)) refuse(token(goodHeader, spelling));
    for (const spelling of [...spellings("c2ln"), "c2lnA", "c2lnQR", "c2ln\u0000"]) {
      refuse(token(goodHeader, goodPayload, spelling));
    }
  });

  it("rejects a token whose header names a key or another way to read it", () => {
    for (const name of ["jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc"]) {
      for (const value of ["null", '""', "[]", "true"]) {
        const { message } = refuse(token(encode(`{"alg":"ES256","${name}":${value}}`)));
        assert.match(message, new RegExp(`header contains ${name}, `));
      }
    }
  });

  it("rejects a token without alg, or with a kid that is not a string", () => {
    const headers = [
      "{}",
      '{"alg":null}',
      '{"alg":1}',
      '{"alg":["ES256"]}',
      '{"ALG":"ES256"}',
      '{"alg":"ES256","kid":1}',
      '{"alg":"ES256","kid":null}',
      '{"alg":"ES256","kid":["a"]}',
    ];
    for (const header of headers) refuse(token(encode(header)));
  });

  it("rejects a token whose header or payload is not an object, is not UTF-8, or repeats a member name", () => {
    const parts = [
      ...["null", "[]", '"a"', "1", "{", '{"alg":"ES256","alg":"none"}', '{"a":{"b":1,"b":2}}'].map(encode),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString("base64url"),
      encode('\ufeff{"alg":"ES256"}'),
    ];
    for (const part of parts) {
      refuse(token(part));
      refuse(token(goodHeader, part));
    }
  });

  it("quotes nothing of a rejected token in the message or its causes", () => {
    const secret = encode('{"sub":"secret-sub","sub":1}');
    for (const text of [token(secret), token(goodHeader, secret), `${secret}.${secret}`, token("sec.ret")]) {
      for (let each: unknown = refuse(text); each instanceof Error; each = each.cause) {
        assert.doesNotMatch(each.message, /secret/);
        assert.ok(!each.message.includes(secret.slice(0, 8)));
      }
    }
  });

  it("finds no token if no value begins with Bearer and one space", () => {
    const values = [
      "",
      "Bearer",
      "bearer",
      `bearer ${token()}`,
      `BEARER ${token()}`,
      `Istio ${token()}`,
      token(),
    ];
    for (const value of values) assert.equal(read(value), undefined, value);
    assert.equal(read(` Bearer ${token()}`), undefined);
    assert.equal(read(), undefined);
  });

  it("rejects an empty token after Bearer and a space instead of ignoring it", () => {
    refuse("");
    refuse(` ${token()}`);
  });

  it("uses only the first of several tokens, whether it is valid or not", () => {
    const other = token(goodHeader, encode('{"iss":"https://other.test"}'));
    const first = read("Basic eDp5", `Bearer ${token()}`, `Bearer ${other}`);
    assert.equal(first?.claimedIssuer, "https://issuer.test");
    throwsWithCode(() => read("Bearer a.b.c", `Bearer ${token()}`), "TOKEN_REJECTED");
  });

  it("selects the authenticator by the token's own iss if that is a string", () => {
    const payload = '{"iss":"https://issuer.test","exp":5}';
    const good = read(`Bearer ${token(goodHeader, encode(payload))}`);
    assert.equal(good?.claimedIssuer, "https://issuer.test");
    assert.deepEqual(good?.unprovenClaims, JSON.parse(payload));
    for (const iss of ["null", "1", '["https://issuer.test"]', "{}"]) {
      const odd = read(`Bearer ${token(goodHeader, encode(`{"iss":${iss}}`))}`);
      assert.ok(odd !== undefined && odd.claimedIssuer === undefined, iss);
    }
    assert.equal(read(`Bearer ${token(goodHeader, encode("{}"))}`)?.claimedIssuer, undefined);
  });

  it("returns a token, no token or a refusal with its code for any header", () => {
    const part = fc.oneof(fc.string(), fc.json().map(encode), fc.constantFrom(goodHeader, goodPayload));
    const value = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 6 }).map((parts) => `Bearer ${parts.join(".")}`),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (values) => {
        try {
          const { text } = read(...values) ?? {};
          assert.ok(text === undefined || text.split(".").length === 3);
        } catch (error) {
          assert.ok(error instanceof CaError && error.code === "TOKEN_REJECTED", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
