import assert from "node:assert/strict";
import { encodeEntry } from "@kasbah/ledger";
import { parseSpiffeId } from "@kasbah/pki";
import fc from "fast-check";
import { CaError } from "../errors.ts";
import type { Caller, IssuanceFacts } from "../issuance/ports.ts";
import { boundedText } from "./bounded-text.ts";
import { issuedEntry } from "./entries/issued-entry.ts";
import { refusedEntry } from "./entries/refused-entry.ts";
import { issuanceFacts } from "./issuance-facts.fixture.ts";

/** The figures of docs/sizing.md. */
const [maxIssuedBytes, maxRefusedBytes] = [4_096, 8_192];

const label = (length: number) => "x".repeat(length);
const trustDomain = [63, 63, 63, 63].map(label).join(".");
const longestName = parseSpiffeId(`spiffe://${trustDomain}/ns/${label(63)}/sa/${label(253)}`);

/** Texts that take the most bytes in JSON. */
const hostileTexts = ["\u0000", "\u2028", '"', "\ud83d\ude00", "\ud800", "é", "x"].map((text) =>
  text.repeat(70_000),
);

function hostileCaller(text: string): Caller {
  return {
    spiffeId: longestName,
    credential: { kind: "jwks-token", issuer: text, tokenIdHash: "a".repeat(64) },
    pod: { name: text, uid: text },
    node: text,
    disregarded: ["CLIENT_CERTIFICATE_REJECTED", "TOKEN_REJECTED"],
  };
}

describe("The size of an entry", () => {
  let facts: IssuanceFacts;

  before(async () => {
    facts = await issuanceFacts();
  });

  it(`is at most ${maxIssuedBytes} bytes for a certificate, regardless of the content of its caller's token`, () => {
    for (const text of hostileTexts) {
      const caller = hostileCaller(text);
      const peerAddress = "2001:0db8:0000:0000:0000:0000:0000:0001:65535";
      const rule = label(63);
      const record = { ...facts, caller, spiffeId: longestName, peerAddress, rule };
      const { length } = encodeEntry(issuedEntry(record));
      assert.ok(length <= maxIssuedBytes, `${length} bytes`);
    }
  });

  it(`is at most ${maxRefusedBytes} bytes for a refusal, regardless of its texts and causes`, () => {
    for (const text of hostileTexts) {
      const cause = new Error(text, { cause: new Error(text, { cause: new Error(text) }) });
      const error = new CaError("CSR_MALFORMED", text, {
        expected: text,
        seen: text,
        fix: text,
        rule: text,
        cause,
      });
      const known = { caller: hostileCaller(text), subject: longestName };
      const refusal = { time: new Date(0), referenceId: "abc123", peerAddress: "10.0.0.1:5", known, error };
      for (const each of [error, cause]) {
        const entry = refusedEntry({ ...refusal, code: "CSR_MALFORMED", error: each });
        const { length } = encodeEntry(entry);
        assert.ok(length <= maxRefusedBytes, `${length} bytes`);
      }
    }
  });

  it("leaves the names of Kubernetes objects and usual messages unchanged", () => {
    const pod = { name: label(253), uid: "4d9f3c1e-0000-4000-8000-000000000001" };
    const { caller } = issuedEntry({ ...facts, caller: { ...hostileCaller("x"), pod, node: label(253) } });
    assert.deepEqual([caller.pod, caller.node], [pod, label(253)]);
  });
});

describe("boundedText", () => {
  it("returns a text of at most so many bytes in JSON, which is the whole text if that fits", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.integer({ min: 3, max: 500 }),
        (text, max) => {
          const bounded = boundedText(text, max);
          const bytesOf = (each: string) => Buffer.byteLength(JSON.stringify(each)) - 2;
          assert.ok(bytesOf(bounded) <= max);
          if (bounded === text) return;
          assert.ok(bounded.endsWith("…") && text.startsWith(bounded.slice(0, -1)));
          assert.ok(bytesOf(text) > max, "a text that fits is not cut");
        },
      ),
    );
  });
});
