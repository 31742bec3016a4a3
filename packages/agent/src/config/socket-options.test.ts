import assert from "node:assert/strict";
import { parseSocketFile, parseSocketMode, sdsSocketPath } from "./socket-options.ts";

describe("Options of the SDS socket", () => {
  it("the socket mode is one of three values, and every ambiguous spelling is rejected", () => {
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

  it("the socket name is a file name without a directory", () => {
    for (const wrong of ["", ".", "..", "a/b", "/socket", "a\0b"])
      assert.throws(() => parseSocketFile(wrong), /file name without a directory/);
    assert.equal(parseSocketFile("socket.2"), "socket.2");
  });

  it("the socket is in Istio's directory unless a path is configured", () => {
    const at = (sdsSocket: string | undefined) => sdsSocketPath({ sdsSocket, sdsSocketFile: "mine" });
    assert.equal(at(undefined), "var/run/secrets/workload-spiffe-uds/mine");
    assert.equal(at("/run/sds"), "/run/sds");
  });
});
