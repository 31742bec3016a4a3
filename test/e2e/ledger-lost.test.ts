import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

describe("CA whose ledger was deleted", () => {
  let directory: TemporaryDirectory;
  let flags: readonly string[];
  let caller: Callers;
  let ca: CaProcess | undefined;

  before(async () => {
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    flags = issuer.flags;
    caller = await Callers.start(1, await mintDemoToken(issuer.tokens, "frontend"));
  });
  after(async () => {
    await ca?.stop();
    await caller.stop();
    await directory.remove();
  });

  const stateDir = () => directory.join("state");
  const kasbah = (...argv: readonly string[]) => runKasbahCommand(stateDir(), argv);

  async function start(...more: readonly string[]): Promise<CaProcess> {
    ca = new CaProcess({ stateDir: stateDir(), flags: [...flags, ...more] });
    await ca.untilReady();
    return ca;
  }
  const warnings = async () => (await ca?.readiness())?.warnings ?? [];

  /** Resolves when the CA has issued a certificate. */
  async function issue(): Promise<void> {
    assert.ok(ca);
    const { length } = caller.received;
    caller.meet((await ca.grpcAddress()).port, await ca.rootPem());
    await ca.until("a certificate", async () => caller.received.length > length);
    caller.leave();
  }

  it("goes on issuing, and reports the loss until an operator accepts it", async () => {
    await start();
    await issue();
    assert.deepEqual(await warnings(), []);
    await ca?.stop();
    await rm(join(stateDir(), "ledger"), { recursive: true });

    const lost = await start();
    const event = await lost.logged("the ledger was lost, or a part of it");
    assert.equal(event["code"], "LEDGER_LOST");
    await issue();
    assert.match(
      (await warnings()).join(),
      /^LEDGER_LOST: .*the ledger is missing.*kasbah audit accept-loss --reason …$/,
    );
    assert.equal(await lost.metric("kasbah_ledger_lost"), 1);
    const broken = await kasbah("audit", "verify");
    assert.equal(broken.code, 1);
    assert.match(
      broken.out,
      /BROKEN {2}entry 0: the ledger before this one was lost .* last known head is \d+ entries/,
    );

    const accepted = await kasbah("audit", "accept-loss", "--reason", "the volume was replaced");
    assert.equal(accepted.code, 0, accepted.err);
    assert.match(accepted.out, /^accepted the loss of .*: the ledger is missing\n$/);
    assert.deepEqual(await warnings(), []);
    assert.equal(await lost.metric("kasbah_ledger_lost"), 0);
    const sound = await kasbah("audit", "verify");
    assert.equal(sound.code, 0, sound.out);
    assert.match(sound.out, /note {4}entry 0: .*an operator accepted the loss/);
    const again = await kasbah("audit", "accept-loss", "--reason", "twice");
    assert.notEqual(again.code, 0);
    await lost.stop();
    await start();
    assert.deepEqual(await warnings(), []);
    await ca?.stop();
  });

  it("does not start with --strict-ledger, and keeps what is left", async () => {
    await rm(join(stateDir(), "ledger/0/checkpoint"));
    const before = await readFile(join(stateDir(), "ledger/0/segments/000000000000000.jsonl"));
    const strict = new CaProcess({ stateDir: stateDir(), flags: [...flags, "--strict-ledger"] });
    assert.notEqual((await strict.exited).code, 0);
    assert.deepEqual(await readFile(join(stateDir(), "ledger/0/segments/000000000000000.jsonl")), before);
    assert.deepEqual(await readdir(join(stateDir(), "ledger")), ["0"]);
  });
});
