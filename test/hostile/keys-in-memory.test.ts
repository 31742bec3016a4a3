import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { occurrencesInMemory } from "../harness/process-memory.ts";
import { type SavedIssuer, saveIssuer } from "../harness/token-issuer.ts";

const passphrase = "correct horse";

describe("Memory of a CA that has intermediates", () => {
  let directory: TemporaryDirectory;
  let issuer: SavedIssuer;
  let ca: CaProcess;

  before(function () {
    if (process.platform !== "linux") this.skip();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    issuer = await saveIssuer(directory.join("issuer"));
  });
  afterEach(async () => {
    await ca?.stop();
    await directory.remove();
  });

  async function start(...flags: readonly string[]): Promise<void> {
    ca = new CaProcess({ stateDir: directory.join("state"), flags: [...issuer.flags, ...flags] });
    await ca.untilReady();
  }

  /** The private octets of a key as OpenSSL keeps them in memory and in files, and as the text of a file has them. */
  function formsOf(id: string): Buffer[] {
    const pem = readFileSync(join(ca.stateDir, "authorities", id, "ca-key.pem"), "utf8");
    const key = createPrivateKey({ key: pem, passphrase });
    const scalar = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
    const text = key.export({ format: "pem", type: "pkcs8" }).toString();
    assert.equal(scalar.length, 32);
    return [scalar, Buffer.from(scalar).reverse(), Buffer.from(text.split("\n")[1] ?? "")];
  }

  /** Reads the memory once for all keys: it is the most expensive part of these tests. */
  async function assertOnlyIntermediates(roots: readonly string[], signer: string): Promise<void> {
    const ids = [signer, ...roots];
    const wanted = ids.flatMap(formsOf);
    const forms = wanted.length / ids.length;
    await eventually(() => {
      const counts = occurrencesInMemory(ca.pid, wanted);
      assert.ok(
        counts.slice(0, forms).some((count) => count > 0),
        `the key of ${signer}, which signs, is found`,
      );
      return counts.slice(forms).every((count) => count === 0);
    });
  }

  const rotate = async (...which: readonly string[]) => {
    const { code, err } = await runKasbahCommand(ca.stateDir, ["authority", "rotate", ...which, "--wait"]);
    assert.equal(code, 0, err);
  };

  it("contains no root key after the CA created the root, after a restart, and after each rotation", async () => {
    await start();
    await assertOnlyIntermediates(["root-1"], "intermediate-1");
    await ca.stop();
    await start();
    await assertOnlyIntermediates(["root-1"], "intermediate-1");
    await rotate();
    await assertOnlyIntermediates(["root-1"], "intermediate-2");
    await rotate("--root");
    await assertOnlyIntermediates(["root-1", "root-2"], "intermediate-3");
  });

  it("contains no root key if the keys are encrypted", async () => {
    await writeFile(directory.join("passphrase"), `${passphrase}\n`, { mode: 0o600 });
    await start("--key-passphrase-file", directory.join("passphrase"));
    await assertOnlyIntermediates(["root-1"], "intermediate-1");
    await ca.stop();
    await start("--key-passphrase-file", directory.join("passphrase"));
    await assertOnlyIntermediates(["root-1"], "intermediate-1");
  });
});
