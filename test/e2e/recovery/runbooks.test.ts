import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../../harness/ca-process.ts";
import { currentKasbah } from "../../harness/kasbah-command.ts";
import { createPastCa } from "../../harness/past-ca.ts";
import { runbookCommands, runCommands } from "../../harness/runbook/sections.ts";
import { saveIssuer } from "../../harness/token-issuer.ts";

interface Listed {
  readonly id: string;
  readonly signs: boolean;
  readonly fingerprint: string;
}

/** Runs every command of the runbooks about lost and expired authorities. */
describe("Runbooks of recovery", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;
  let state: string;
  let callers: readonly string[];
  let server: CaProcess | undefined;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    state = directory.join("state");
    ({ flags: callers } = await saveIssuer(directory.join("issuer")));
  });
  afterEach(async () => {
    await server?.kill();
    server = undefined;
    await directory.remove();
  });

  async function launch(): Promise<CaProcess> {
    await server?.kill();
    server = new CaProcess({ stateDir: state, flags: [...callers, "--min-stage", "0s"] });
    return server;
  }
  const run = async (name: string, heading?: string) =>
    runCommands(runbookCommands(name, heading), directory.path);
  const listed = async (): Promise<readonly Listed[]> => {
    const { said } = await currentKasbah(["authority", "list", "--json", "--state-dir", state]);
    return JSON.parse(said).authorities;
  };
  const fingerprintOf = async (id: string) => (await listed()).find((one) => one.id === id)?.fingerprint;
  const signers = async () => (await listed()).filter(({ signs }) => signs).map(({ id }) => id);
  const lose = (...names: string[]) => rm(directory.join("state", ...names), { recursive: true });
  const init = () => currentKasbah(["init", "--state-dir", state]);

  it("expired-root.md leads a running CA back to issuing, and its last command reports no problem", async () => {
    await createPastCa(state, 3700);
    const ca = await launch();
    await ca.logged("daemon started");
    const said = await run("expired-root");
    assert.match(said, /root-1 +active[\s\S]*BEGIN CERTIFICATE[\s\S]*OK +root-2 [^\n]*\nOK +intermediate-2/);
    await ca.untilReady();
  });

  it("lost-state.md restores a backup, after the CA has refused to start with a reference to it", async () => {
    await init();
    await currentKasbah(["backup", directory.join("ca.backup"), "--state-dir", state]);
    const root = await fingerprintOf("root-1");
    await lose("control");
    const { error } = await (await launch()).logged("start failed");
    assert.match(JSON.stringify(error), /STATE_MISSING.*docs\/runbooks\/lost-state\.md/);
    await run("lost-state", "With a backup");
    assert.equal(await fingerprintOf("root-1"), root);
    await (await launch()).untilReady();
  });

  it("lost-state.md creates a new state for the key of a root that is left", async () => {
    await init();
    const root = await fingerprintOf("root-1");
    await lose("control");
    await run("lost-state", "The state is lost, but the key of the root exists");
    assert.equal(await fingerprintOf("root-1"), root);
    assert.deepEqual(await signers(), ["root-1"]);
    await (await launch()).untilReady();
    await currentKasbah(["authority", "rotate", "--root", "--state-dir", state]);
  });

  it("lost-state.md replaces lost keys", async () => {
    await init();
    const root = await fingerprintOf("root-1");
    await lose("authorities", "intermediate-1");
    const [rotate = "", rotateRoot = ""] = runbookCommands(
      "lost-state",
      "The state exists, but a key is lost",
    );
    await runCommands([rotate], directory.path);
    assert.deepEqual(await signers(), ["root-1", "intermediate-2"]);
    assert.equal(await fingerprintOf("root-1"), root);
    await lose("authorities", "root-1");
    await runCommands([rotateRoot], directory.path);
    const ca = await launch();
    await ca.untilReady();
    await ca.until("the new root", async () => (await signers()).includes("root-2"));
  });

  it("lost-state.md starts again with an empty directory", async () => {
    await init();
    await lose("control");
    await run("lost-state", "Nothing is left");
    assert.deepEqual(await signers(), ["root-1", "intermediate-1"]);
  });
});
