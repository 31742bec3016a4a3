import assert from "node:assert/strict";
import {
  parseSocketFile,
  parseSocketMode,
  sdsLimits,
  sdsSocketPath,
  socketModeWarning,
} from "./socket-options.ts";

describe("The options of the SDS socket", () => {
  it("bound the connections, and so the streams, that one uid may open", () => {
    assert.ok(sdsLimits.maxConnections <= 256);
  });

  it("take three modes, and nothing that could mean another by mistake", () => {
    for (const wrong of [
      "",
      "0",
      "384",
      "0o600",
      "0x180",
      "0777",
      "0606",
      "0400",
      "00660",
      "u=rw",
      "rw-------",
      "0600 ",
    ]) {
      assert.throws(() => parseSocketMode(wrong), /0600 .*0660 .*0666/, wrong);
    }
    assert.deepEqual(["0600", "600", "0660", "0666"].map(parseSocketMode), [0o600, 0o600, 0o660, 0o666]);
  });

  it("warn of every mode but the owner's, and say who can have the key", () => {
    assert.equal(socketModeWarning(0o600), undefined);
    assert.match(socketModeWarning(0o660) ?? "", /group can have the workload's private key/);
    assert.match(socketModeWarning(0o666) ?? "", /every user .* can have the workload's private key/);
  });

  it("take a file name for a file name", () => {
    for (const wrong of ["", ".", "..", "a/b", "/socket", "a\0b"])
      assert.throws(() => parseSocketFile(wrong), /name of a file/);
    assert.equal(parseSocketFile("socket.2"), "socket.2");
  });

  it("put a file of that name where Istio has it, unless a path says otherwise", () => {
    const at = (sdsSocket: string | undefined) => sdsSocketPath({ sdsSocket, sdsSocketFile: "mine" });
    assert.equal(at(undefined), "var/run/secrets/workload-spiffe-uds/mine");
    assert.equal(at("/run/sds"), "/run/sds");
  });
});
