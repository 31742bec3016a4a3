import assert from "node:assert/strict";
import { EntryError, encodeEntry, maxEntryBytes, parseEntry } from "@kasbah/ledger";
import { caller, frontend } from "../../issuance/open-admission.fixture.ts";
import type { CredentialFacts, IssuanceFacts } from "../../issuance/ports.ts";
import { issuanceFacts } from "../issuance-facts.fixture.ts";
import { issuedEntry } from "./issued-entry.ts";

describe("An issued entry", () => {
  let record: IssuanceFacts;

  before(async () => {
    record = await issuanceFacts();
  });

  const lineOf = (changes: Partial<IssuanceFacts> = {}) =>
    Buffer.from(encodeEntry(issuedEntry({ ...record, ...changes }))).toString();
  const entryOf = (changes?: Partial<IssuanceFacts>) => JSON.parse(lineOf(changes));

  it("encodes any entry as one line", () => {
    const pod = { name: "a\nb\u2028c", uid: '"\r' };
    const line = lineOf({ caller: { ...caller, pod }, ignored: ["\n"] });
    assert.doesNotMatch(line, /\n/);
    assert.deepEqual(JSON.parse(line).caller.pod, pod);
  });

  it("records the caller, the certificate, its time, the rule and the peer address", () => {
    assert.deepEqual(entryOf(), {
      v: 2,
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

  it("records the credential that counted, and those that were disregarded", () => {
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

  it("parses an encoded entry to the same entry, and encodes a parsed line to the same line", () => {
    const line = lineOf({ ignored: ["subject"] });
    assert.equal(Buffer.from(encodeEntry(parseEntry(Buffer.from(line)))).toString(), line);
  });

  it("refuses to parse an entry that is not canonical or has an unknown kind", () => {
    const line = lineOf();
    const { serial: _, ...less } = entryOf();
    const broken: Record<string, string> = {
      "another order": JSON.stringify(Object.fromEntries(Object.entries(entryOf()).reverse())),
      "a space": line.replace(",", ", "),
      "an escape": line.replace("abc123", "\\u0061bc123"),
      "a member twice": line.replace("{", '{"authority":"ab",'),
      "an additional member": line.replace('"kind"', '"kin":"x","kind"'),
      "a missing member": JSON.stringify(less),
      "a later version": line.replace('"v":2', '"v":3'),
      "no version": line.replace('"v":2', '"w":2'),
      "another time": line.replace("2030-01-01T00:00:00.000Z", "2030-01-01T00:00:00Z"),
      "a member named __proto__": line.replace('{"authority"', '{"__proto__":1,"authority"'),
      "half of the line": line.slice(0, line.length / 2),
      "the line twice": line + line,
      nothing: "",
      null: "null",
    };
    for (const [what, text] of Object.entries(broken))
      assert.throws(() => parseEntry(Buffer.from(text)), EntryError, what);
    assert.throws(() => parseEntry(Buffer.from([...Buffer.from(line.slice(0, -1)), 0xff])), EntryError);
  });

  it("parses entries of the first release unchanged, with their members in any order", () => {
    const { v: _, ...rest } = entryOf();
    const first = JSON.stringify({ v: 1, ...rest });
    assert.deepEqual(parseEntry(Buffer.from(first)), { v: 1, ...rest });
  });

  it("refuses to encode an entry that is longer than an entry bundle allows", () => {
    assert.throws(() => lineOf({ rule: "x".repeat(maxEntryBytes) }), RangeError);
  });
});
