import assert from "node:assert/strict";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { createCertificateRequest, createKeyPair } from "@kasbah/pki";
import { createTestAuthority, FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { readBearerToken } from "../authn/bearer-token.ts";
import { CaError } from "../errors.ts";
import { createAuthority } from "../issuance/authority.ts";
import { caller, callFor, frontend, openParts } from "../issuance/open-admission.test.ts";
import type { CredentialFacts } from "../issuance/ports.ts";
import { type Decision, DecisionLog } from "./decision-log.ts";

const time = new Date("2030-01-01T00:00:00Z");
const unknown: Decision = {
  referenceId: "ref",
  time,
  code: "TOKEN_MISSING",
  peerAddress: "10.0.0.1:5",
  known: {},
};
const nothing = {
  caller: "",
  credential: "",
  pod: "",
  node: "",
  subject: "",
  rule: "",
  problem: "",
  expected: "",
  seen: "",
  fix: "",
  causes: [],
  serial: "",
  ignored: [],
  disregarded: [],
};

function viewOf(decision: Partial<Decision>) {
  const log = new DecisionLog();
  log.add({ ...unknown, ...decision });
  const view = log.find("ref");
  assert.ok(view);
  return view;
}

describe("The log of decisions", () => {
  it("has nothing of a call that it was not told of", () => {
    const log = new DecisionLog();
    log.add(unknown);
    for (const reference of ["", "re", "__proto__", "constructor"])
      assert.equal(log.find(reference), undefined);
  });

  it("tells of a stranger's call where it came from and no more", () => {
    const { known: _, ...told } = unknown;
    assert.deepEqual(viewOf({}), { ...told, ...nothing });
  });

  it("tells of a refusal what the caller was told, and beneath it what only operators may know", () => {
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

  it("tells of a certificate its serial, what was not given, and which credentials did not count", () => {
    const disregarded = ["TOKEN_EXPIRED"];
    const known = { caller: { ...caller, disregarded, pod: { name: "web-1", uid: "u" }, node: "node-a" } };
    const view = viewOf({ code: "ISSUED", known, serial: "01ab", ignored: ["subject"] });
    assert.deepEqual(view, {
      ...nothing,
      ...{ referenceId: "ref", time, code: "ISSUED", peerAddress: "10.0.0.1:5" },
      ...{ caller: frontend.toString(), credential: "jwks-token of https://issuer.test" },
      ...{ pod: "web-1 (u)", node: "node-a", serial: "01ab", ignored: ["subject"], disregarded },
    });
  });

  it("names each kind of credential by what may be shown of it", () => {
    const textOf = (credential: CredentialFacts) =>
      viewOf({ known: { caller: { ...caller, credential } } }).credential;
    assert.equal(textOf({ kind: "kubernetes-token", tokenIdHash: "ab" }), "kubernetes-token");
    const certificate = { serial: "01", fingerprint: "02", tokenProvenAt: time };
    assert.equal(
      textOf({ kind: "client-certificate", ...certificate }),
      "client-certificate 01, last token 2030-01-01T00:00:00.000Z",
    );
  });

  it("keeps the last ten thousand, whether or not anybody asked for the others", () => {
    const log = new DecisionLog();
    for (let number = 0; number < 10_001; number++) {
      log.add({ ...unknown, referenceId: `ref ${number}` });
      log.find("ref 0");
    }
    assert.equal(log.find("ref 0"), undefined);
    assert.equal(log.find("ref 1")?.referenceId, "ref 1");
    assert.equal(log.find("ref 10000")?.referenceId, "ref 10000");
  });

  it("keeps little of errors that go on and on, and of what no refusal was made of", () => {
    const long = "x".repeat(100_000);
    const endless = new Error(long);
    endless.cause = endless;
    const view = viewOf({ code: "INTERNAL", error: endless });
    assert.ok(JSON.stringify(view).length < 4_000, `${JSON.stringify(view).length}`);
    assert.equal(view.causes.length, 5);
    assert.equal(viewOf({ error: "a text that was thrown" }).problem, "a text that was thrown");
  });

  it("holds no token and no PEM of calls that were refused for them", async () => {
    const tokens = await createTokenIssuer({ issuer: "https://issuer.test" });
    const token = await tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: time });
    const csrPem = createCertificateRequest(await createKeyPair("P-256"), frontend);
    const authority = createAuthority(openParts(await createTestAuthority(), new FakeClock(time), []));
    const log = new DecisionLog();
    for (const hostile of [`${csrPem}${csrPem}`, csrPem.replace("MI", "MJ"), csrPem.slice(0, 300)]) {
      const error = await rejectsWithCode(
        authority.createCertificate(callFor({ csrPem: hostile })),
        "CSR_MALFORMED",
      );
      log.add({
        ...unknown,
        referenceId: String(hostile.length),
        code: "CSR_MALFORMED",
        error,
        known: { caller },
      });
    }
    const broken = token.replace(".", ".!");
    const error = await rejectsWithCode(
      async () => readBearerToken({ authorization: [`Bearer ${broken}`], peerCertificates: [] }),
      "TOKEN_REJECTED",
    );
    log.add({ ...unknown, error });
    const references = ["ref", String(2 * csrPem.length), String(csrPem.length), "300"];
    const text = JSON.stringify(references.map((each) => log.find(each) ?? assert.fail(each)));
    assert.doesNotMatch(text, /BEGIN|eyJ|MII/);
    for (const part of [...token.split("."), ...csrPem.split("\n").filter((line) => line.length > 20)]) {
      assert.ok(!text.includes(part), part);
    }
  });
});
