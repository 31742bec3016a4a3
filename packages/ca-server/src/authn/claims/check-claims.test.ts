import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { CaError } from "../../errors.ts";
import { checkIssuer, checkTokenClaims } from "./check-claims.ts";

const issuer = "https://issuer.test";
const expected = { issuer, audiences: ["istio-ca", "kasbah"] };
const now = new Date("2030-01-01T00:00:00.000Z");
const seconds = now.getTime() / 1000;
const good = { iss: issuer, aud: ["istio-ca"], exp: seconds + 60, nbf: seconds, iat: seconds };

const check = (claims: Record<string, unknown>, at = now) =>
  checkTokenClaims({ ...good, ...claims }, expected, at);
const refuse = (claims: Record<string, unknown>, code: string) => throwsWithCode(() => check(claims), code);

describe("checkTokenClaims (exp, nbf, iat)", () => {
  it("rejects a token at the second of its exp", () => {
    const { message } = refuse({ exp: seconds }, "TOKEN_EXPIRED");
    assert.match(message, /expected exp after 2030-01-01T00:00:00\.000Z, seen 2030-01-01T00:00:00\.000Z/);
    refuse({ exp: seconds - 1 }, "TOKEN_EXPIRED");
    refuse({ exp: 0 }, "TOKEN_EXPIRED");
    refuse({ exp: -1 }, "TOKEN_EXPIRED");
    check({ exp: seconds + 1 });
    check({}, new Date(now.getTime() + 59_999));
    throwsWithCode(() => check({}, new Date(now.getTime() + 60_000)), "TOKEN_EXPIRED");
  });

  it("accepts times with fractions of a second", () => {
    refuse({ exp: seconds - 0.001 }, "TOKEN_EXPIRED");
    check({ exp: seconds + 0.001 });
    refuse({ nbf: seconds + 60.001 }, "TOKEN_REJECTED");
  });

  it("accepts a token up to a minute before its nbf, like the Kubernetes API server", () => {
    const { message } = refuse({ nbf: seconds + 61 }, "TOKEN_REJECTED");
    assert.match(message, /not valid yet.*before 2030-01-01T00:01:00\.000Z.*2030-01-01T00:01:01\.000Z/);
    for (const ahead of [0, 1, 60]) check({ nbf: seconds + ahead, iat: seconds + ahead });
    check({ nbf: undefined });
  });

  it("rejects a token without exp", () => {
    refuse({ exp: undefined }, "TOKEN_REJECTED");
  });

  it("rejects times that are not numbers within the range of a calendar", () => {
    const odd = [
      null,
      "",
      "2524608000",
      true,
      [seconds + 60],
      {},
      Number.POSITIVE_INFINITY,
      1e300,
      8.65e12,
      -8.65e12,
    ];
    for (const value of odd) {
      for (const name of ["exp", "nbf", "iat"]) refuse({ [name]: value }, "TOKEN_REJECTED");
    }
    refuse({ exp: Number.NaN }, "TOKEN_REJECTED");
    check({ exp: 8.64e12, nbf: -8.64e12, iat: 8.64e12 });
  });
});

describe("checkTokenClaims (aud)", () => {
  it("accepts only a configured audience, compared literally", () => {
    const odd = ["ISTIO-CA", "istio-ca ", "istio", "istio-ca,kasbah", "", ["vault"], ["istio-ca "]];
    for (const aud of odd) refuse({ aud }, "TOKEN_AUDIENCE");
    for (const aud of ["istio-ca", "kasbah", ["vault", "kasbah"], ["istio-ca", "istio-ca"]]) check({ aud });
  });

  it("rejects an aud that is not a string or an array of strings, even if it contains a configured audience", () => {
    const odd = [
      undefined,
      null,
      1,
      true,
      {},
      { 0: "istio-ca" },
      [],
      [["istio-ca"]],
      ["istio-ca", 1],
      ["istio-ca", null],
    ];
    for (const aud of odd) refuse({ aud }, "TOKEN_AUDIENCE");
  });

  it("quotes the actual and the expected audience, cut and escaped", () => {
    assert.match(
      refuse({ aud: ["vault"] }, "TOKEN_AUDIENCE").message,
      /\["istio-ca","kasbah"\], seen \["vault"\]/,
    );
    const { message } = refuse({ aud: `\u001b[31m\n${"x".repeat(5000)}` }, "TOKEN_AUDIENCE");
    assert.ok(message.length < 500);
    assert.ok(!message.includes("\u001b") && !message.includes("\n"));
  });
});

describe("checkTokenClaims (iss)", () => {
  it("accepts only the configured issuer, compared literally", () => {
    for (const iss of [
      `${issuer}/`,
      issuer.toUpperCase(),
      ` ${issuer}`,
      [issuer],
      undefined,
      null,
      "",
      1,
      {},
    ]) {
      refuse({ iss }, "TOKEN_ISSUER");
    }
  });

  it("checks the issuer before the audience, and the audience before the times", () => {
    refuse({ iss: "x", aud: "y", exp: 0 }, "TOKEN_ISSUER");
    refuse({ aud: "y", exp: 0 }, "TOKEN_AUDIENCE");
    refuse({ exp: 0 }, "TOKEN_EXPIRED");
  });

  it("quotes the actual issuer and all expected ones", () => {
    assert.match(
      refuse({ iss: "https://evil.test" }, "TOKEN_ISSUER").message,
      /expected iss "https:\/\/issuer\.test", seen "https:\/\/evil\.test"/,
    );
    const many = throwsWithCode(() => checkIssuer({ iss: "c" }, ["a", "b"]), "TOKEN_ISSUER");
    assert.match(many.message, /iss one of \["a","b"\], seen "c"/);
    assert.doesNotThrow(() => checkIssuer({ iss: "b" }, ["a", "b"]));
  });
});

describe("checkTokenClaims", () => {
  it("accepts any claims or refuses them with a code", () => {
    const codes = ["TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_EXPIRED", "TOKEN_REJECTED"];
    const time = fc.oneof(
      fc.double(),
      fc.maxSafeInteger(),
      fc.integer({ min: seconds - 9, max: seconds + 9 }),
      fc.jsonValue(),
    );
    const claims = fc.record(
      {
        iss: fc.oneof(fc.constant(issuer), fc.jsonValue()),
        aud: fc.oneof(fc.constantFrom("istio-ca", ["kasbah"]), fc.jsonValue()),
        exp: time,
        nbf: time,
        iat: time,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(claims, (value) => {
        try {
          checkTokenClaims(value, expected, now);
          assert.ok(Number(value.exp) > seconds && value.iss === issuer);
        } catch (error) {
          assert.ok(error instanceof CaError && codes.includes(error.code), String(error));
          assert.ok(error.message.length < 1000);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses claims with a code even if they have no prototype", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        assert.throws(() => checkTokenClaims(value, expected, now), CaError);
      }),
    );
  });
});
