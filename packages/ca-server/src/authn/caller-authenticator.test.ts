import assert from "node:assert/strict";
import { parseTrustDomain, SpiffeId } from "@kasbah/pki";
import { assertCode, rejectsWithCode } from "@kasbah/testkit";
import { CaError, type CaErrorCode } from "../errors.ts";
import type { Caller, CredentialFacts } from "../issuance/ports.ts";
import { type CallerAuthenticatorDeps, createCallerAuthenticator } from "./caller-authenticator.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";

const bearer = `Bearer ${[{ alg: "ES256" }, { iss: "a" }].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.c2ln`;
const malformed = "Bearer a.b";
const trustDomain = parseTrustDomain("cluster.local");

function callerNamed(serviceAccount: string, credential: CredentialFacts): Caller {
  return { spiffeId: SpiffeId.forWorkload(trustDomain, { namespace: "demo", serviceAccount }), credential };
}

const byToken = callerNamed("frontend", { kind: "jwks-token", issuer: "a", tokenIdHash: undefined });
const byCertificate = (account: string) =>
  callerNamed(account, {
    kind: "client-certificate",
    serial: "01",
    fingerprint: "02",
    tokenProvenAt: new Date(0),
  });

/** A credential: absent, valid for an account, or invalid with a code. */
type Token = "none" | "good" | "malformed" | CaErrorCode;
type Certificate = "none" | "same name" | "other name" | CaErrorCode;

interface Judgement {
  readonly kind: CredentialFacts["kind"];
  readonly verdict: string;
}

function tokenJudge(verdict: Caller | Error, deps: Partial<TokenAuthenticator> = {}): TokenAuthenticator {
  const authenticate = async () => {
    if (verdict instanceof Error) throw verdict;
    return verdict;
  };
  return { kind: "jwks-token", checks: () => true, authenticate, ...deps };
}

function open(token: Token, certificate: Certificate, deps: Partial<CallerAuthenticatorDeps> = {}) {
  const judged: Judgement[] = [];
  const isGood = token === "none" || token === "good" || token === "malformed";
  const tokens = [tokenJudge(isGood ? byToken : new CaError(token, "by token"))];
  const authenticate = () => {
    if (certificate === "same name" || certificate === "none") return byCertificate("frontend");
    if (certificate === "other name") return byCertificate("bank");
    throw new CaError(certificate, "by certificate");
  };
  const onChecked = (kind: CredentialFacts["kind"], verdict: string) => judged.push({ kind, verdict });
  const authenticator = createCallerAuthenticator({
    tokens,
    certificates: { authenticate },
    onChecked,
    ...deps,
  });
  const authorization = token === "none" ? [] : [token === "malformed" ? malformed : bearer];
  const peerCertificates = certificate === "none" ? [] : [new Uint8Array(1)];
  return { judged, authenticate: () => authenticator.authenticate({ authorization, peerCertificates }) };
}

const rejectedCertificate = "CLIENT_CERTIFICATE_REJECTED";
const away = "AUTHENTICATOR_UNAVAILABLE";

/**
 * The credential that counts ("token" or "certificate") with the disregarded codes, or the code of the
 * refusal.
 */
const table: readonly [Token, Certificate, string][] = [
  ["none", "none", "TOKEN_MISSING"],
  ["none", "same name", "certificate"],
  ["none", "other name", "certificate"],
  ["none", rejectedCertificate, rejectedCertificate],
  ["good", "none", "token"],
  ["good", "same name", "token"],
  ["good", "other name", "CREDENTIALS_CONFLICT"],
  ["good", rejectedCertificate, `token without ${rejectedCertificate}`],
  ["good", "CALLER_DELETED", "token without CALLER_DELETED"],
  ["none", "CALLER_DELETED", "CALLER_DELETED"],
  ["CALLER_DELETED", "none", "CALLER_DELETED"],
  ["CALLER_DELETED", "same name", "CALLER_DELETED"],
  ["CALLER_DELETED", "other name", "CALLER_DELETED"],
  ["TOKEN_EXPIRED", "CALLER_DELETED", "TOKEN_EXPIRED"],
  [away, "CALLER_DELETED", away],
  ["TOKEN_EXPIRED", "none", "TOKEN_EXPIRED"],
  ["TOKEN_EXPIRED", "same name", "certificate without TOKEN_EXPIRED"],
  ["TOKEN_EXPIRED", "other name", "certificate without TOKEN_EXPIRED"],
  ["TOKEN_EXPIRED", rejectedCertificate, "TOKEN_EXPIRED"],
  ["TOKEN_REJECTED", "same name", "certificate without TOKEN_REJECTED"],
  ["TOKEN_REJECTED", rejectedCertificate, "TOKEN_REJECTED"],
  ["CALLER_NOT_SERVICE_ACCOUNT", "same name", "certificate without CALLER_NOT_SERVICE_ACCOUNT"],
  ["malformed", "none", "TOKEN_REJECTED"],
  ["malformed", "same name", "certificate without TOKEN_REJECTED"],
  ["malformed", rejectedCertificate, "TOKEN_REJECTED"],
  [away, "none", away],
  [away, "same name", `certificate without ${away}`],
  [away, "other name", `certificate without ${away}`],
  [away, rejectedCertificate, away],
];

function outcomeOf({ credential, disregarded = [] }: Caller): string {
  const name = credential.kind === "client-certificate" ? "certificate" : "token";
  return [name, ...disregarded.map((code) => `without ${code}`)].join(" ");
}

describe("createCallerAuthenticator", () => {
  for (const [token, certificate, expected] of table) {
    it(`decides "${expected}" for the token "${token}" and the certificate "${certificate}"`, async () => {
      const { authenticate } = open(token, certificate);
      const seen = await authenticate().then(outcomeOf, (error: unknown) => {
        assert.ok(error instanceof CaError);
        return error.code;
      });
      assert.equal(seen, expected);
    });
  }

  it("names both identities if the token and the certificate differ", async () => {
    const { message } = await rejectsWithCode(
      open("good", "other name").authenticate(),
      "CREDENTIALS_CONFLICT",
    );
    assert.match(message, /sa\/frontend in the token, .*sa\/bank in the certificate/);
  });

  it("names the missing header if the call has no credential", async () => {
    const { message } = await rejectsWithCode(open("none", "none").authenticate(), "TOKEN_MISSING");
    assert.match(message, /authorization: Bearer/);
  });

  it("counts each credential of a call once, with its verdict", async () => {
    const both = open("TOKEN_EXPIRED", "same name");
    await both.authenticate();
    assert.deepEqual(both.judged, [
      { kind: "jwks-token", verdict: "TOKEN_EXPIRED" },
      { kind: "client-certificate", verdict: "accepted" },
    ]);
    const conflict = open("good", "other name");
    await rejectsWithCode(conflict.authenticate(), "CREDENTIALS_CONFLICT");
    assert.deepEqual(
      conflict.judged.map(({ verdict }) => verdict),
      ["accepted", "accepted"],
    );
  });

  it("counts no credential that was not checked", async () => {
    const nothing = open("none", "none");
    await rejectsWithCode(nothing.authenticate(), "TOKEN_MISSING");
    const unread = open("malformed", "none");
    await rejectsWithCode(unread.authenticate(), "TOKEN_REJECTED");
    assert.deepEqual([...nothing.judged, ...unread.judged], []);
  });

  it("fails the call if an internal error occurs while it checks the token", async () => {
    const fault = new TypeError("an internal error");
    const { authenticate, judged } = open("good", "same name", { tokens: [tokenJudge(fault)] });
    await assert.rejects(authenticate(), fault);
    assert.deepEqual(judged, []);
  });

  it("ignores the client certificate if client certificates are disabled", async () => {
    const deps = { certificates: undefined };
    await rejectsWithCode(open("none", "same name", deps).authenticate(), "TOKEN_MISSING");
    await rejectsWithCode(open("TOKEN_EXPIRED", "same name", deps).authenticate(), "TOKEN_EXPIRED");
    assert.equal(outcomeOf(await open("good", "other name", deps).authenticate()), "token");
  });

  it("authenticates only by certificate if no token authenticator is configured", async () => {
    const deps = { tokens: [] };
    const seen = outcomeOf(await open("good", "other name", deps).authenticate());
    assert.equal(seen, "certificate without TOKEN_REJECTED");
    const { message } = await rejectsWithCode(open("good", "none", deps).authenticate(), "TOKEN_REJECTED");
    assert.match(message, /only by client certificate/);
  });
});

describe("createCallerAuthenticator with several token authenticators", () => {
  it("uses the first authenticator that claims the token, and no other one after a refusal", async () => {
    const asked: string[] = [];
    const judge = (name: string, claims: boolean): TokenAuthenticator => ({
      kind: "kubernetes-token",
      checks: ({ claimedIssuer }) => claims && claimedIssuer === "a",
      authenticate: async () => {
        asked.push(name);
        throw new CaError("TOKEN_REJECTED", name);
      },
    });
    const tokens = [judge("first", false), judge("second", true), judge("third", true)];
    const { authenticate } = open("good", "none", { tokens });
    const error = await authenticate().catch((thrown: unknown) => thrown);
    assertCode(error, "TOKEN_REJECTED");
    assert.deepEqual(asked, ["second"]);
  });

  it("lets the first authenticator refuse a token that none claims", async () => {
    const first = tokenJudge(new CaError("TOKEN_ISSUER", "first"), { checks: () => false });
    const second = tokenJudge(byToken, { checks: () => false });
    await rejectsWithCode(open("good", "none", { tokens: [first, second] }).authenticate(), "TOKEN_ISSUER");
  });
});
