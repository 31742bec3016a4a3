import assert from "node:assert/strict";
import { pluggedInFlavor, selfSignedFlavor } from "../harness/way-out/flavors.ts";
import { walkWaysOut } from "../harness/way-out/walk.ts";

const rotate = "kasbah authority rotate --root";
const [abort, resume, accept] = ["kasbah authority abort", "kasbah authority resume", "kasbah clock accept"];
const copy = "cp ca-cert.pem ca-key.pem root-cert.pem cert-chain.pem";

describe("the ways out of docs/recover.md, in full", function () {
  this.timeout(900_000);

  it("lead a CA with its own root and intermediate back to issuing from every state, and each is needed", async () => {
    const { states, commands } = await walkWaysOut(selfSignedFlavor(true));
    assert.ok(states > 150, `${states} states`);
    assert.deepEqual(commands, [abort, resume, rotate, accept]);
  });

  it("lead a CA whose own root signs directly back to issuing from every state, and each is needed", async () => {
    const { states, commands } = await walkWaysOut(selfSignedFlavor(false));
    assert.ok(states > 150, `${states} states`);
    assert.deepEqual(commands, [abort, resume, rotate, accept]);
  });

  it("lead a CA with a plugged-in intermediate back to issuing from every state, and each is needed", async () => {
    const { states, commands } = await walkWaysOut(pluggedInFlavor());
    assert.ok(states > 150, `${states} states`);
    assert.deepEqual(commands, [copy, abort, resume, accept]);
  });
});
