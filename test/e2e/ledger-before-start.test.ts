import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

/** As `docs/plugged-in.md` describes it for a company PKI: `kasbah init`, and then commands on the stopped CA. */
describe("CA on which an operator acted before its first start", () => {
  let directory: TemporaryDirectory;
  let flags: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    ({ flags } = await saveIssuer(directory.join("issuer")));
  });
  after(() => directory?.remove());

  async function prepare(name: string): Promise<string> {
    const stateDir = directory.join(name);
    for (const argv of [["init"], ["authority", "rotate"]]) {
      const { code, err } = await runKasbahCommand(stateDir, argv);
      assert.equal(code, 0, err);
    }
    return stateDir;
  }

  async function readStart(stateDir: string): Promise<readonly string[]> {
    const ca = new CaProcess({ stateDir, flags });
    try {
      await ca.untilReady();
      return ((await ca.readiness())?.warnings ?? []).filter((warning) => warning.startsWith("LEDGER"));
    } finally {
      await ca.stop();
    }
  }

  it("starts without a loss, and the ledger contains the act", async () => {
    const stateDir = await prepare("begun");
    assert.deepEqual(await readStart(stateDir), []);
    assert.deepEqual(await readStart(stateDir), []);
    assert.match((await runKasbahCommand(stateDir, ["audit", "tail"])).out, /rotate accepted/);
    const { code, out } = await runKasbahCommand(stateDir, ["audit", "verify"]);
    assert.equal(code, 0, out);
  });

  it("starts without a loss if a crash ended its first start before the first checkpoint", async () => {
    const stateDir = await prepare("crashed");
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(join(stateDir, "ledger/0/ledger-key.pem"), pem, { mode: 0o600 });
    assert.deepEqual(await readStart(stateDir), []);
  });

  it("reports a loss if the CA has run before, and the ledger began again with an act on the stopped CA", async () => {
    const stateDir = await prepare("lost");
    await readStart(stateDir);
    await rm(join(stateDir, "ledger"), { recursive: true });
    const { code, err } = await runKasbahCommand(stateDir, ["authority", "rotate"]);
    assert.equal(code, 0, err);
    assert.match(
      (await readStart(stateDir)).join(),
      /^LEDGER_LOST: the ledger has entries but no checkpoint/,
    );
  });
});
