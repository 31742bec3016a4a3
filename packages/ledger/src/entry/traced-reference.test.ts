import assert from "node:assert/strict";
import { issued, refused } from "@kasbah/testkit/ledger";
import { canonicalJson } from "./canonical-json.ts";
import { encodeEntry } from "./encode-entry.ts";
import { maxEntryBytes } from "./entry.ts";
import { parseEntry } from "./parse-entry.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("The trace id of a decision", () => {
  for (const entry of [issued(), refused()])
    it(`follows the reference of an entry of kind ${entry.kind}, which gains no member that earlier releases refuse`, () => {
      const line = Buffer.from(encodeEntry({ ...entry, traceId }));
      const stored = { ...entry, referenceId: `${entry.referenceId}/${traceId}` };
      assert.equal(line.toString(), canonicalJson(stored as never));
      assert.deepEqual(parseEntry(line), { ...entry, traceId });
      assert.ok(line.length - encodeEntry(entry).length === 33 && line.length < maxEntryBytes);
    });

  it("is read only from a text of its form, so that any other reference stays as it is", () => {
    for (const referenceId of [`a/${traceId.toUpperCase()}`, `a/${traceId}0`, traceId, "a/b", "/", ""]) {
      const entry = { ...refused(), referenceId };
      assert.deepEqual(parseEntry(encodeEntry(entry)), entry);
    }
  });
});
