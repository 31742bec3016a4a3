import assert from "node:assert/strict";
import { sdsLimits, socketModeWarning } from "./socket.ts";

describe("The SDS socket", () => {
  it("limits the connections, and therefore the streams, of one uid", () => {
    assert.ok(sdsLimits.maxConnections <= 256);
  });

  it("returns a warning that names who can read the key for every mode except 0600", () => {
    assert.equal(socketModeWarning(0o600), undefined);
    assert.match(socketModeWarning(0o660) ?? "", /group can read the workload's private key/);
    assert.match(socketModeWarning(0o666) ?? "", /every user .* can read the workload's private key/);
  });
});
