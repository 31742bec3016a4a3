import assert from "node:assert/strict";
import { shellWord } from "../output/shell-word.ts";
import { opensslCommand } from "./openssl-command.ts";
import { formatTarget, parseTarget } from "./target.ts";

describe("parseTarget", () => {
  it("rejects a target that is empty, too long, contains NUL, or is a socket without a path", () => {
    for (const text of [
      "",
      "x".repeat(5000),
      "a\0b",
      "unix:",
      "unix://host/path",
      "unix:@x",
      "unix:/run/",
      "unix:unix:///run/x",
    ]) {
      assert.throws(() => parseTarget(text), { code: "TARGET_INVALID" }, JSON.stringify(text));
    }
  });

  it("parses unix: and a path as a socket, in every form that Envoy uses", () => {
    assert.deepEqual(parseTarget("unix:run/sds.sock"), { kind: "sds", path: "run/sds.sock" });
    assert.deepEqual(parseTarget("unix:/run/sds.sock"), { kind: "sds", path: "/run/sds.sock" });
    assert.deepEqual(parseTarget("unix:///run/sds.sock"), { kind: "sds", path: "/run/sds.sock" });
  });

  it("parses host and port as a server, and anything else as a file", () => {
    assert.deepEqual(parseTarget("[::1]:15012"), { kind: "tls", address: { host: "::1", port: 15012 } });
    assert.deepEqual(parseTarget("ca.example:443"), {
      kind: "tls",
      address: { host: "ca.example", port: 443 },
    });
    for (const path of ["leaf.pem", "./ca.example:443", "/tmp/a:1", "name:99999", "name:0"]) {
      assert.deepEqual(parseTarget(path), { kind: "file", path }, path);
    }
  });

  it("reads back what formatTarget writes", () => {
    for (const text of ["unix:/run/sds.sock", "[::1]:15012", "leaf.pem"]) {
      assert.equal(formatTarget(parseTarget(text)), text);
    }
  });

  it("quotes a target so that it cannot escape from the openssl command", () => {
    assert.equal(shellWord("it's; rm -rf $HOME"), `'it'\\''s; rm -rf $HOME'`);
    assert.ok(opensslCommand({ kind: "file", path: "a b.pem" }).endsWith("-in 'a b.pem'"));
  });
});
