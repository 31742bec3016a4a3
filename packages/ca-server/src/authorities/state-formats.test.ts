import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseDocument } from "../store/control/document.ts";
import { trustBundleOf } from "./rotation/authority-state.ts";
import { decodeState, encodeState } from "./state-codec.ts";

const fixture = new URL("../../../../test/fixtures/control-state/format-1.json", import.meta.url);

/**
 * The output of a CA of each format, kept forever, so that every later release can read it after an upgrade.
 */
describe("Control state of format 1", () => {
  const text = readFileSync(fixture, "utf8");
  const document = parseDocument(text, "format-1.json");

  it("decodes every field of a control state in format 1", () => {
    assert.ok(document);
    const state = decodeState(document.state);
    assert.equal(state.epoch, 11);
    assert.deepEqual(
      state.authorities.map(({ id, stage }) => `${id} ${stage}`),
      ["root-1 active", "intermediate-1 retired", "intermediate-2 retired", "intermediate-3 active"],
    );
    assert.equal(trustBundleOf(state).roots.length, 1);
  });

  it("encodes a state in format 1 to the same document, so that a downgrade stays possible", () => {
    assert.ok(document);
    assert.deepEqual(encodeState(decodeState(document.state)), document.state);
  });
});
