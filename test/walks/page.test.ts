import assert from "node:assert/strict";
import { brokenCas } from "./broken-ca.ts";
import { listedIncidents } from "./page.ts";
import { refusedPods } from "./refused-pods.ts";
import { shows } from "./walk.ts";

describe("docs/incidents.md", () => {
  it("lists exactly the incidents that are walked, each with one command, its cause and its fix", () => {
    const listed = listedIncidents();
    assert.deepEqual(
      listed.map(({ name }) => name),
      [...Object.keys(refusedPods), ...Object.keys(brokenCas)],
    );
    for (const { name, command, prints } of listed) {
      assert.match(command, /^kasbah(-agent)? [^,]+$/, name);
      assert.ok(prints.length >= 2, name);
    }
  });

  it("shows text that an output contains regardless of its line breaks, with … for any text and <word> for a word", () => {
    const output = "  ledger  LEDGER_DAMAGED: entry 7 (line\n          8) was altered\n";
    for (const text of ["LEDGER_DAMAGED", "entry … was altered", "line 8", "entry <number> (line"])
      assert.ok(shows(output, text), text);
    for (const text of ["LEDGER_LOST", "entry 8", "altered entry", "entry <number> was"])
      assert.ok(!shows(output, text), text);
  });
});
