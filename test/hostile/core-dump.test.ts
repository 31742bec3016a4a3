import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { servesOthers } from "./http2/withstand.ts";

/** Starts a program in a directory that receives its core dump, of any size. */
const withCoreDumps = (directory: string) => [
  "sh",
  "-c",
  'ulimit -c unlimited && cd "$0" && exec "$@"',
  directory,
];

describe("CA that aborts while it is in use", () => {
  let cores: TemporaryDirectory;
  let ca: RunningCa;

  before(async () => {
    cores = await temporaryDirectory();
    ca = await startCa({ within: withCoreDumps(cores.path) });
  });

  after(async () => {
    await ca?.stop();
    await cores?.remove();
  });

  it("leaves no private key in a core dump", async () => {
    await servesOthers(ca, "before the abort");
    const secrets = privateKeysIn(join(ca.stateDir, "authorities"));
    assert.ok(secrets.length >= 4, "root and intermediate, each in two forms");
    ca.process.child.kill("SIGABRT");
    assert.equal((await ca.process.exited).signal, "SIGABRT");
    for (const name of readdirSync(cores.path)) {
      const core = readFileSync(join(cores.path, name));
      const found = secrets.filter((secret) => core.includes(secret));
      assert.equal(found.length, 0, `${name} (${core.length} bytes) contains ${found.length} private keys`);
    }
  });
});

/** The octets of each private key: the scalar, and the text of the file. */
function privateKeysIn(directory: string): Buffer[] {
  return readdirSync(directory).flatMap((id) => {
    const pem = readFileSync(join(directory, id, "ca-key.pem"), "utf8");
    const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
    return [Buffer.from(d, "base64url"), Buffer.from(pem.split("\n")[1] ?? "")];
  });
}
