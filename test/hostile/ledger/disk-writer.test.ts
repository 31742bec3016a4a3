import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSignedLedger } from "@kasbah/testkit/ledger";
import { judgeTrial } from "../../harness/ledger/judge-trial.ts";
import {
  LedgerTrial,
  openTrialLedger,
  type PristineLedger,
  temporaryDirectory,
  writePristineLedger,
} from "../../harness/ledger/ledger-trial.ts";
import { withOlderCopy } from "./attacks/older-copy.ts";
import { acceptance, forgetControl, forgetTree, remove } from "./attacks/tools.ts";
import { withKey } from "./attacks/with-key.ts";
import { withoutKey } from "./attacks/without-key.ts";

describe("Ledger in the hands of someone who can write the disk", () => {
  let pristine: PristineLedger;
  let copies: Awaited<ReturnType<typeof temporaryDirectory>>;
  let count = 0;

  before(async () => {
    pristine = await writePristineLedger();
    copies = await temporaryDirectory();
  });
  after(async () => {
    await copies.remove();
    await pristine.remove();
  });

  function newTrial(): Promise<LedgerTrial> {
    count += 1;
    return LedgerTrial.copyOf(pristine.stateDirectory, copies.join(`${count}`));
  }

  const older = withOlderCopy(() => pristine.olderDirectory);
  for (const [who, rows] of [
    ["without the key", [...withoutKey, ...older]],
    ["with the key", withKey],
  ] as const)
    describe(who, () => {
      for (const [name, discovery, attack, options] of rows)
        it(`${name}: ${discovery}`, async () => {
          const trial = await newTrial();
          await attack(trial);
          const verdict = await judgeTrial(trial, pristine, options);
          assert.equal(verdict.discovery, discovery, verdict.words);
        });
    });

  it("counts at least 40 manipulations without the key and 10 with it, with unique names", () => {
    const names = [...withoutKey, ...older, ...withKey].map(([name]) => name);
    assert.deepEqual(names, [...new Set(names)]);
    assert.ok(withoutKey.length + older.length >= 40 && withKey.length >= 10);
  });

  it("lists in SECURITY.md what only a kept checkpoint shows", async () => {
    const page = (await readFile(new URL("../../../SECURITY.md", import.meta.url), "utf8")).replaceAll(
      /\s+/g,
      " ",
    );
    for (const [name, discovery] of [...older, ...withKey])
      if (discovery === "kept" || discovery === "forged") assert.ok(page.includes(name), name);
  });

  it("keeps everything that was left of a lost ledger, byte by byte", async () => {
    const trial = await newTrial();
    await rm(trial.directory.checkpoint);
    const before = await readFile(trial.segment(0));
    const { ledger, stop } = await openTrialLedger(trial.path);
    const evidence = ledger.loss.open?.evidence ?? "";
    await stop();
    const kept = join(trial.path, "ledger", evidence, "ledger/0/segments/000000000000000.jsonl");
    assert.deepEqual(await readFile(kept), before);
  });

  it("reports a loss at every start until an operator accepts it, and then only as a note", async () => {
    const trial = await newTrial();
    await remove(trial.directory.path);
    for (let starts = 0; starts < 3; starts += 1) {
      const { ledger, stop } = await openTrialLedger(trial.path);
      assert.match(ledger.loss.warnings().join(), /the ledger is missing/);
      await stop();
      assert.match((await trial.verify()).findings[0]?.problem ?? "", /last known head is 1304 entries/);
    }
    const { ledger, stop } = await openTrialLedger(trial.path);
    await ledger.log.append(Buffer.from(acceptance));
    await ledger.loss.accept();
    assert.deepEqual(ledger.loss.warnings(), []);
    await stop();
    const after = await openTrialLedger(trial.path);
    assert.deepEqual(after.ledger.loss.warnings(), []);
    await after.stop();
    const { findings, notes } = await trial.verify();
    assert.deepEqual(findings, []);
    assert.match(notes.join(), /an operator accepted the loss/);
  });

  it("refuses to start with --strict-ledger, and changes nothing", async () => {
    const trial = await newTrial();
    await rm(trial.directory.checkpoint);
    const verdict = await judgeTrial(trial, pristine, { strict: true });
    assert.equal(verdict.discovery, "refused");
    assert.match(verdict.words, /entries but no checkpoint.*restore the directory from a copy/);
    assert.ok(!(await readdir(join(trial.path, "ledger"))).includes("evidence"));
  });

  it("detects a replaced state directory by the copied checkpoint, and keeps that copy", async () => {
    const trial = await newTrial();
    const checkpointTo = copies.join("kept-checkpoint");
    await (await openTrialLedger(trial.path, { checkpointTo })).stop();
    const copy = await readFile(checkpointTo, "utf8");
    await remove(join(trial.path, "ledger"));
    await forgetControl(trial);
    const { discovery, words } = await judgeTrial(trial, pristine, { checkpointTo });
    assert.equal(discovery, "lost", words);
    const names = (await readdir(copies.path)).filter((name) => name.startsWith("kept-checkpoint."));
    assert.equal(await readFile(copies.join(names[0] ?? ""), "utf8"), copy);
    await (await openTrialLedger(trial.path, { checkpointTo })).stop();
  });

  it("detects by the copied checkpoint a ledger that was rewritten with its key, extended, and anchored again", async () => {
    const trial = await newTrial();
    const checkpointTo = copies.join("checkpoint-before-rewrite");
    await (await openTrialLedger(trial.path, { checkpointTo })).stop();
    await trial.forge(7);
    await trial.append(acceptance, acceptance);
    await forgetTree(trial);
    await trial.sign();
    await forgetControl(trial);
    const { discovery, words } = await judgeTrial(trial, pristine, { checkpointTo });
    assert.equal(discovery, "lost", words);
    assert.match(words, /its first 1304 entries differ/);
  });

  it("reports a forged copy of the checkpoint, but does not move the ledger aside for it", async () => {
    const trial = await newTrial();
    const checkpointTo = copies.join("forged-checkpoint");
    await (await openTrialLedger(trial.path, { checkpointTo })).stop();
    const copy = await readFile(checkpointTo, "utf8");
    const before = await trial.entries();
    for (const forged of [copy.replace("\n13", "\n93"), copy.replaceAll(/ledger\/\w/g, "ledger/x")]) {
      await writeFile(checkpointTo, forged);
      await assert.rejects(openTrialLedger(trial.path, { checkpointTo, strict: true }), {
        code: "LEDGER_DAMAGED",
      });
      const { ledger, stop } = await openTrialLedger(trial.path, { checkpointTo });
      assert.match(ledger.loss.warnings().join(), /^LEDGER_LOST: .* is not a checkpoint of this ledger/);
      await ledger.log.append(Buffer.from(acceptance));
      await ledger.loss.accept();
      await stop();
    }
    assert.deepEqual((await trial.entries()).slice(0, before.length), before);
    assert.ok(!(await readdir(join(trial.path, "ledger"))).includes("evidence"));
    assert.deepEqual((await trial.verify()).findings, []);
  });

  it("raises no alarm for the empty volume of a new pod that shares the control state", async () => {
    const trial = await newTrial();
    await (await openTrialLedger(trial.path, { isShared: true })).stop();
    await remove(join(trial.path, "ledger"));
    await rm(join(trial.path, "control/volume-id"));
    const { ledger, stop } = await openTrialLedger(trial.path, { isShared: true });
    assert.deepEqual(ledger.loss.warnings(), []);
    await stop();
    await remove(trial.directory.path);
    const replica = await openTrialLedger(trial.path, { isShared: true });
    assert.match(replica.ledger.loss.warnings().join(), /the ledger is missing/);
    await replica.stop();
  });

  it("anchors the ledger of an earlier release without an alarm", async () => {
    const old = await writeSignedLedger(300);
    const { ledger, stop } = await openTrialLedger(old.stateDirectory);
    assert.deepEqual(ledger.loss.warnings(), []);
    await stop();
    const again = await openTrialLedger(old.stateDirectory);
    assert.deepEqual(again.ledger.loss.warnings(), []);
    assert.equal(again.ledger.log.size, 301, "it records the anchor once");
    await again.stop();
    await old.remove();
  });
});
