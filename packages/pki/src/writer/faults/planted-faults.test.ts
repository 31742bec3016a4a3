import assert from "node:assert/strict";
import { PkiError } from "../../errors.ts";
import { extensionFaults } from "./extension-faults.fixture.ts";
import { fieldFaults } from "./field-faults.fixture.ts";
import { frameFaults } from "./frame-faults.fixture.ts";
import { inspect, isAsExpected, plant } from "./planted-leaf.fixture.ts";

const faults = { ...fieldFaults, ...extensionFaults, ...frameFaults };

describe("A fault of the writer", () => {
  it("is not seen by the lint and the library if none is planted", async () => {
    const good = await plant(() => ({}));
    inspect(good);
    assert.equal(await isAsExpected(good), true);
  });

  for (const [what, [rule, fault]] of Object.entries(faults)) {
    it(`is refused by the lint and seen by the library: ${what}`, async () => {
      const planted = await plant(fault);
      assert.throws(
        () => inspect(planted),
        (error) => error instanceof PkiError && rule.test(error.message),
      );
      assert.equal(await isAsExpected(planted), false);
    });
  }
});
