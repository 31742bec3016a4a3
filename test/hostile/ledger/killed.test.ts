import assert from "node:assert/strict";
import { rm, utimes } from "node:fs/promises";
import { acceptLossAct, encodeEntry, listSegments } from "@kasbah/ledger";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { entryLine, issued, writeSignedLedger } from "@kasbah/testkit/ledger";
import { withOperatorLog } from "../../../packages/ca-server/src/offline/with-operator-log.ts";
import { prepareStateDirectory } from "../../../packages/ca-server/src/store/state-directory.ts";
import { KillSwitch } from "../../harness/ledger/kill-switch.ts";
import {
  LedgerTrial,
  openTrialLedger,
  type TrialOptions,
  temporaryDirectory,
  trialStart,
} from "../../harness/ledger/ledger-trial.ts";

interface Story {
  /** Prepares the directory before the CA that is killed. */
  readonly prepare?: (trial: LedgerTrial) => Promise<unknown>;
  readonly work: (ledger: Awaited<ReturnType<typeof openTrialLedger>>["ledger"]) => Promise<unknown>;
  readonly options?: TrialOptions;
}

const record = encodeEntry(issued({ time: "2030-01-02T00:00:00.000Z" }));
const acceptance = encodeEntry({
  ...{ v: 2, kind: "operator", time: "2030-01-02T00:00:00.000Z", act: acceptLossAct },
  outcome: "accepted",
});
/** `npm run test:soak` tries every step. */
const stride = process.env["KASBAH_ATTACK"] === "full" ? 1 : 7;
/** Records an act in the ledger of a stopped CA, as `kasbah authority rotate` does. */
async function actWhileStopped({ path }: LedgerTrial): Promise<void> {
  const state = await prepareStateDirectory(path);
  const options = { clock: new FakeClock(trialStart), logger: recordingLogger() };
  await withOperatorLog(state, options, (log) => log.record({ act: "rotate" }, async () => undefined));
}

async function halfOf(segments: string): Promise<number> {
  return (await listSegments(segments)).reduce((sum, { bytes }) => sum + bytes, 0) / 2;
}

const afterYears = { now: "2040-01-01T00:00:00Z" };

describe("Ledger of a CA that is killed at each change of the disk", function () {
  this.timeout(240_000);
  let killSwitch: KillSwitch;
  let copies: Awaited<ReturnType<typeof temporaryDirectory>>;
  let old: Awaited<ReturnType<typeof writeSignedLedger>>;
  let count = 0;

  before(async () => {
    killSwitch = await KillSwitch.install();
    copies = await temporaryDirectory();
    // A CA that runs writes not only acts of operators.
    old = await writeSignedLedger(1_300, {
      lineOf: (index) => (index === 0 ? `${Buffer.from(record)}\n` : entryLine(index)),
    });
  });
  after(async () => {
    killSwitch.uninstall();
    await old.remove();
    await copies.remove();
  });

  /** Kills the story at every step, starts again, and looks at what an operator sees. */
  async function atEachStep(
    from: string | undefined,
    { prepare, work, options }: Story,
    look: (trial: LedgerTrial, warnings: readonly string[], isKilled: boolean) => Promise<void>,
  ): Promise<number> {
    for (let step = 0; ; step += stride) {
      count += 1;
      const path = copies.join(`${count}`);
      const trial = await (from === undefined ? LedgerTrial.at(path) : LedgerTrial.copyOf(from, path));
      await prepare?.(trial);
      const isKilled = await killSwitch.killsAt(step, async () => {
        const { ledger, stop } = await openTrialLedger(path, options);
        await work(ledger);
        await stop();
      });
      const { ledger, stop } = await openTrialLedger(path, options);
      const warnings = ledger.loss.warnings();
      await stop();
      await look(trial, warnings, isKilled);
      if (!isKilled) return step;
    }
  }

  const append = async ({ log }: Parameters<Story["work"]>[0]) => {
    for (let more = 0; more < 3; more += 1) await log.append(record);
  };
  async function looksSound(trial: LedgerTrial, warnings: readonly string[]): Promise<void> {
    assert.deepEqual([warnings, (await trial.verify()).findings], [[], []]);
  }

  it("a new ledger is no loss", async () => {
    assert.ok((await atEachStep(undefined, { work: append }, looksSound)) > 20);
  });

  it("an old ledger gains its anchor without a loss, and goes on", async () => {
    const work: Story["work"] = async (ledger) => {
      await append(ledger);
      await ledger.tree.publish();
    };
    assert.ok((await atEachStep(old.stateDirectory, { work }, looksSound)) > 20);
  });

  it("entries that retention removes are no loss", async () => {
    const prepare = async (trial: LedgerTrial) => {
      await (await openTrialLedger(trial.path)).stop();
      for (const index of [0, 600]) await utimes(trial.segment(index), 0, 0);
    };
    assert.ok(
      (await atEachStep(old.stateDirectory, { prepare, work: append, options: afterYears }, looksSound)) > 20,
    );
  });

  it("entries that retention removes for their size are no loss", async () => {
    const prepare = async (trial: LedgerTrial) => (await openTrialLedger(trial.path)).stop();
    const options = { spaceLimit: await halfOf(old.directory.segments) };
    const look: typeof looksSound = async (trial, warnings) => {
      await looksSound(trial, warnings);
      assert.ok(((await listSegments(trial.directory.segments))[0]?.first ?? 0) > 0);
    };
    assert.ok((await atEachStep(old.stateDirectory, { prepare, work: append, options }, look)) > 20);
  });

  it("acts of operators before the first start of the CA are no loss", async () => {
    const prepare = (trial: LedgerTrial) => actWhileStopped(trial);
    const look: typeof looksSound = async (trial, warnings) => {
      await looksSound(trial, warnings);
      assert.match((await trial.entries())[0] ?? "", /"act":"rotate"/);
    };
    assert.ok((await atEachStep(undefined, { prepare, work: append }, look)) > 20);
  });

  it("acts of operators after the whole ledger was deleted do not hide the loss", async () => {
    const path = copies.join("deleted");
    const trial = await LedgerTrial.copyOf(old.stateDirectory, path);
    await (await openTrialLedger(path)).stop();
    await rm(trial.directory.path, { recursive: true });
    await actWhileStopped(trial);
    const { ledger, stop } = await openTrialLedger(path);
    const evidence = ledger.loss.open?.evidence ?? "";
    await stop();
    const kept = LedgerTrial.at(`${path}/ledger/${evidence}`);
    assert.match((await kept.entries()).join(), /"act":"rotate"/);
  });

  it("a lost ledger stays reported, and its evidence stays whole", async () => {
    const prepare = async (trial: LedgerTrial) => {
      await (await openTrialLedger(trial.path)).stop();
      await rm(trial.directory.checkpoint);
    };
    await atEachStep(old.stateDirectory, { prepare, work: append }, async (trial, warnings) => {
      assert.match(warnings.join(), /^LEDGER_LOST/);
      const findings = (await trial.verify()).findings.map(({ problem }) => problem);
      assert.match(findings.join(), /the ledger before this one was lost/);
      const evidence = /ledger\/(evidence\/[\w-]+)/.exec(warnings.join())?.[1];
      assert.ok(evidence, warnings.join());
      const kept = LedgerTrial.at(`${trial.path}/ledger/${evidence}`);
      assert.equal((await kept.entries()).length, 1_301);
    });
  });

  it("a loss is reported until its acceptance is in the signed ledger, and then no more", async () => {
    const prepare = async (trial: LedgerTrial) => {
      await rm(trial.directory.checkpoint);
      await (await openTrialLedger(trial.path)).stop();
    };
    const work: Story["work"] = async (ledger) => {
      await ledger.log.append(acceptance);
      await ledger.loss.accept();
    };
    await atEachStep(old.stateDirectory, { prepare, work }, async (trial, warnings, isKilled) => {
      const isAccepted = (await trial.verify()).findings.length === 0;
      if (!isKilled) assert.deepEqual([isAccepted, warnings], [true, []]);
      if (!isAccepted) assert.match(warnings.join(), /^LEDGER_LOST/);
    });
  });
});
