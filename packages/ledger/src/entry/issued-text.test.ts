import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "./canonical-json.ts";
import { encodeEntry } from "./encode-entry.ts";
import { credentialKinds, type IssuedEntry } from "./entry.ts";
import { parseEntry } from "./parse-entry.ts";

/** Any text, with lone surrogates, escapes and characters of every width. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "\ud800", "\\ud", "a\ud834z", '"\\\u0000\u2028', "😀"),
);
const texts = fc.array(text, { maxLength: 3 });
const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") });
const instant = time.map((date) => date.toISOString());
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const serial = fc.stringMatching(/^[0-9a-f]{2,40}$/);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const caller = fc.record({
  kind: fc.constantFrom(...credentialKinds),
  spiffeId: text,
  tokenProvenAt: maybe(instant),
  serial: maybe(serial),
  issuer: maybe(text),
  pod: maybe(fc.record({ uid: text, name: text })),
  node: maybe(text),
  fingerprint: maybe(hash),
  disregarded: maybe(texts),
  tokenIdHash: maybe(hash),
});

const entries: fc.Arbitrary<IssuedEntry> = fc.record({
  v: fc.constant(2),
  time: instant,
  kind: fc.constant("issued" as const),
  referenceId: text,
  spiffeId: text,
  serial,
  fingerprint: hash,
  spkiHash: hash,
  notBefore: instant,
  notAfter: instant,
  authority: hash,
  rule: text,
  ignored: maybe(texts),
  caller,
  peerAddress: text,
});

describe("The line of an issued entry", () => {
  it("has exactly the octets of canonical JSON for any entry and any order of its members", () => {
    fc.assert(
      fc.property(entries, fc.nat(), (entry, seed) => {
        const line = Buffer.from(encodeEntry(shuffled(entry, seed)));
        assert.equal(line.toString(), canonicalJson(entry as never));
        // A reader accepts only canonical lines.
        parseEntry(line);
      }),
      { numRuns: 2_000 },
    );
  });
});

function shuffled(entry: IssuedEntry, seed: number): IssuedEntry {
  const members = Object.entries(entry);
  const from = seed % members.length;
  return Object.fromEntries([...members.slice(from), ...members.slice(0, from).reverse()]) as never;
}
