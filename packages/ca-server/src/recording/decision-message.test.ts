import assert from "node:assert/strict";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { createCertificateRequest, createKeyPair } from "@kasbah/pki";
import { createTestAuthority, FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { readBearerToken } from "../authn/bearer-token.ts";
import { CaError } from "../errors.ts";
import { createIssuance } from "../issuance/issue-certificate.ts";
import { caller, callFor, frontend, openDeps } from "../issuance/open-admission.fixture.ts";
import type { CredentialFacts } from "../issuance/ports.ts";
import { decisionMessage } from "./decision-message.ts";
import { issuedEntry } from "./entries/issued-entry.ts";
import { type CallRefusal, refusedEntry } from "./entries/refused-entry.ts";
import { issuanceFacts } from "./issuance-facts.fixture.ts";

const time = new Date("2030-01-01T00:00:00Z");
const unknown: CallRefusal = {
  referenceId: "ref",
  time,
  code: "TOKEN_MISSING",
  peerAddress: "10.0.0.1:5",
  known: {},
  error: new CaError("TOKEN_MISSING", ""),
};
const nothing = {
  caller: "",
  credential: "",
  pod: "",
  node: "",
  subject: "",
  rule: "",
  traceId: "",
  problem: "",
  expected: "",
  seen: "",
  fix: "",
  causes: [],
  serial: "",
  ignored: [],
  disregarded: [],
};

const viewOf = (refusal: Partial<CallRefusal>) => decisionMessage(refusedEntry({ ...unknown, ...refusal }));

describe("decisionMessage", () => {
  it("reports only the origin of a call from an unauthenticated caller", () => {
    const { known: _, error: __, ...facts } = unknown;
    assert.deepEqual(viewOf({}), { ...facts, ...nothing });
  });

  it("reports the facts that a refused caller got, and the causes that only operators may see", () => {
    const cause = new Error("JWKS fetch failed", { cause: new Error("ECONNREFUSED") });
    const facts = { expected: "this", seen: "that", fix: "do so", rule: "payments" };
    const error = new CaError("CSR_KEY_REJECTED", "the key is refused", { ...facts, cause });
    const view = viewOf({ code: error.code, error, known: { caller, subject: frontend, rule: "other" } });
    assert.deepEqual(
      [view.problem, view.expected, view.seen, view.fix],
      ["the key is refused", "this", "that", "do so"],
    );
    assert.equal(view.rule, "payments");
    assert.deepEqual(view.causes, ["JWKS fetch failed", "ECONNREFUSED"]);
    assert.deepEqual([view.caller, view.subject], [frontend.toString(), frontend.toString()]);
    assert.equal(viewOf({ error: new CaError("TTL_TOO_LONG", "x"), known: { rule: "known" } }).rule, "known");
  });

  it("reports the serial of a certificate, the ignored kinds and the disregarded credentials", async () => {
    const disregarded = ["TOKEN_EXPIRED"];
    const known = { ...caller, disregarded, pod: { name: "web-1", uid: "u" }, node: "node-a" };
    const record = await issuanceFacts({ caller: known, rule: "", ignored: ["subject"] });
    const { referenceId, peerAddress, certificate } = record;
    assert.deepEqual(decisionMessage(issuedEntry(record)), {
      ...nothing,
      ...{ referenceId, time: record.time, code: "ISSUED", peerAddress, subject: frontend.toString() },
      ...{ caller: frontend.toString(), credential: "jwks-token of https://issuer.test" },
      ...{ pod: "web-1 (u)", node: "node-a", serial: certificate.serial, ignored: ["subject"], disregarded },
    });
  });

  it("describes each kind of credential without the credential itself", () => {
    const textOf = (credential: CredentialFacts) =>
      viewOf({ known: { caller: { ...caller, credential } } }).credential;
    assert.equal(textOf({ kind: "kubernetes-token", tokenIdHash: "ab" }), "kubernetes-token");
    const certificate = { serial: "01", fingerprint: "02", tokenProvenAt: time };
    assert.equal(
      textOf({ kind: "client-certificate", ...certificate }),
      "client-certificate 01, last token 2030-01-01T00:00:00.000Z",
    );
    assert.equal(
      textOf({ kind: "client-certificate", ...certificate, issuer: "https://issuer.test" }),
      "client-certificate 01, last token 2030-01-01T00:00:00.000Z of https://issuer.test",
    );
  });

  it("limits the length of an endless chain of causes, and reports errors that are not refusals", () => {
    const long = "x".repeat(100_000);
    const endless = new Error(long);
    endless.cause = endless;
    const view = viewOf({ code: "INTERNAL", error: endless });
    assert.ok(JSON.stringify(view).length < 4_000, `${JSON.stringify(view).length}`);
    assert.equal(view.causes.length, 5);
    assert.equal(viewOf({ error: "a text that was thrown" }).problem, "a text that was thrown");
  });

  it("contains no token and no PEM of a call that was refused for them", async () => {
    const tokens = await createTokenIssuer({ issuer: "https://issuer.test" });
    const token = await tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: time });
    const csrPem = createCertificateRequest(await createKeyPair("P-256"), frontend);
    const authority = createIssuance(openDeps(await createTestAuthority(), new FakeClock(time), []));
    const entries: unknown[] = [];
    for (const hostile of [`${csrPem}${csrPem}`, csrPem.replace("MI", "MJ"), csrPem.slice(0, 300)]) {
      const error = await rejectsWithCode(
        authority.createCertificate(callFor({ csrPem: hostile })),
        "CSR_MALFORMED",
      );
      entries.push(refusedEntry({ ...unknown, code: "CSR_MALFORMED", error, known: { caller } }));
    }
    const broken = token.replace(".", ".!");
    const error = await rejectsWithCode(
      async () => readBearerToken({ authorization: [`Bearer ${broken}`], peerCertificates: [] }),
      "TOKEN_REJECTED",
    );
    entries.push(refusedEntry({ ...unknown, error }));
    const text = JSON.stringify(entries);
    assert.equal(entries.length, 4);
    assert.doesNotMatch(text, /BEGIN|eyJ|MII/);
    for (const part of [...token.split("."), ...csrPem.split("\n").filter((line) => line.length > 20)]) {
      assert.ok(!text.includes(part), part);
    }
  });
});
