import assert from "node:assert/strict";
import { pluggedInFlavor, selfSignedFlavor } from "../harness/way-out/flavors.ts";
import { walkWaysOut } from "../harness/way-out/walk.ts";

/** The soak suite walks every state. */
const maxSteps = 3;

describe("the ways out of docs/recover.md", () => {
  const flavors = {
    "a CA with its own root and intermediate": selfSignedFlavor(true),
    "a CA whose own root signs directly": selfSignedFlavor(false),
    "a CA with a plugged-in intermediate": pluggedInFlavor(),
  };
  for (const [name, flavor] of Object.entries(flavors)) {
    it(`lead ${name} back to issuing from every state within ${maxSteps} steps`, async () => {
      const { states, cases } = await walkWaysOut(flavor, maxSteps);
      assert.ok(states > 15 && cases > 250, `${states} states, ${cases} cases`);
    });
  }
});
