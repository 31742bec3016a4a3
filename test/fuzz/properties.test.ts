import assert from "node:assert/strict";
import { readFoundCases } from "./found-cases.ts";
import { runTarget } from "./run.ts";
import { targets } from "./targets.ts";
import { tryCase } from "./try-case.ts";

const seed = 20_301;
const runs = 200;

describe("Parsers of untrusted bytes", () => {
  it("are listed as targets with unique names", () => {
    assert.ok(targets.length >= 20, `${targets.length}`);
    assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  });

  for (const target of targets) {
    it(`rejects every mutated input with one of our error codes within its time budget: ${target.name}`, async () => {
      for (const input of target.valid) {
        assert.equal(await tryCase(target, input), "accepted", "the unchanged input must be accepted");
      }
      const { failure } = await runTarget(target, seed, runs);
      if (failure === undefined) return;
      assert.fail(`${failure.problem}\nwith the input ${Buffer.from(failure.input).toString("base64")}`);
    });
  }

  it("rejects every input that once broke a target", async () => {
    const broken: string[] = [];
    for (const { target: name, file, input } of readFoundCases()) {
      const target = targets.find((each) => each.name === name);
      if (target === undefined) broken.push(`${file}: its target no longer exists`);
      else await tryCase(target, input).catch((error: unknown) => broken.push(`${file}: ${error}`));
    }
    assert.deepEqual(broken, []);
  });
});
