import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority } from "@kasbah/testkit";
import { caller, frontend } from "../issuance/open-admission.test.ts";
import type { CredentialFacts, IssuanceRecord } from "../issuance/ports.ts";
import { encodeIssuedEntry } from "./entry.ts";

const validity = {
  notBefore: new Date("2029-12-31T23:58:00Z"),
  notAfter: new Date("2030-01-02T00:00:00Z"),
};

describe("An entry of the ledger", () => {
  let record: IssuanceRecord;

  before(async () => {
    const root = await createTestAuthority("cluster.local");
    const { publicKey } = await createKeyPair("P-256");
    const names = [{ kind: "uri", value: frontend.toString() }] as const;
    const certificate = await root.issue({ publicKey, ...validity, names });
    record = {
      time: new Date("2030-01-01T00:00:00Z"),
      referenceId: "abc123",
      peerAddress: "10.0.0.1:5",
      caller,
      rule: "payments",
      ignored: [],
      certificate,
      spiffeId: frontend,
      publicKey,
      validity,
      authority: root.certificate.fingerprint,
    };
  });

  const lineOf = (changes: Partial<IssuanceRecord> = {}) =>
    Buffer.from(encodeIssuedEntry({ ...record, ...changes })).toString();
  const entryOf = (changes?: Partial<IssuanceRecord>) => JSON.parse(lineOf(changes));

  it("is one line, whatever is in it", () => {
    const pod = { name: "a\nb\u2028c", uid: '"\r' };
    const line = lineOf({ caller: { ...caller, pod }, ignored: ["\n"] });
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.deepEqual(JSON.parse(line).caller.pod, pod);
  });

  it("says who got which certificate when, by which rule and from whom", () => {
    assert.deepEqual(entryOf(), {
      v: 1,
      kind: "issued",
      time: "2030-01-01T00:00:00.000Z",
      referenceId: "abc123",
      spiffeId: frontend.toString(),
      serial: record.certificate.serial,
      fingerprint: record.certificate.fingerprint,
      spkiHash: record.publicKey.hash,
      notBefore: "2029-12-31T23:58:00.000Z",
      notAfter: "2030-01-02T00:00:00.000Z",
      authority: record.authority,
      rule: "payments",
      caller: { spiffeId: frontend.toString(), kind: "jwks-token", issuer: "https://issuer.test" },
      peerAddress: "10.0.0.1:5",
    });
  });

  it("says how the caller proved itself, and what came along and did not count", () => {
    const credential: CredentialFacts = {
      kind: "client-certificate",
      serial: "01",
      fingerprint: "02",
      tokenProvenAt: new Date("2029-12-31T12:00:00Z"),
    };
    const disregarded = ["TOKEN_EXPIRED"];
    const known = { ...caller, credential, node: "node-a", disregarded };
    const entry = entryOf({ caller: known, ignored: ["subject"] });
    const tokenProvenAt = "2029-12-31T12:00:00.000Z";
    const facts = { ...credential, tokenProvenAt, node: "node-a", disregarded };
    assert.deepEqual(entry.caller, { spiffeId: frontend.toString(), ...facts });
    assert.deepEqual(entry.ignored, ["subject"]);
  });
});
