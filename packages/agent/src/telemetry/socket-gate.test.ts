import assert from "node:assert/strict";
import { SocketGate } from "./socket-gate.ts";

describe("SocketGate", () => {
  const ready = { ready: true, reasons: [], warnings: ["late"] };
  const closed = "the sockets do not listen";

  it("reports that an agent with a secret is not ready before its sockets listen and after they close", async () => {
    const gate = new SocketGate();
    const refused = { ready: false, reasons: ["late", closed] };
    assert.deepEqual(gate.check(ready), refused);
    await gate.start();
    assert.equal(gate.check(ready), ready);
    await gate.stop();
    assert.deepEqual(gate.check(ready), refused);
  });

  it("keeps the reasons of an agent without a secret", () => {
    const starting = { ready: false, reasons: ["no secret yet"] };
    assert.deepEqual(new SocketGate().check(starting).reasons, ["no secret yet", closed]);
  });
});
