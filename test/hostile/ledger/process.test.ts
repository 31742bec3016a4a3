import assert from "node:assert/strict";
import type { Discovery } from "../../harness/ledger/judge-trial.ts";
import { LedgerTrial, temporaryDirectory } from "../../harness/ledger/ledger-trial.ts";
import {
  judgeProcess,
  type ProcessPristine,
  writeProcessPristine,
} from "../../harness/ledger/process-trial.ts";
import { withOlderCopy } from "./attacks/older-copy.ts";
import type { Row } from "./attacks/tools.ts";
import { withKey } from "./attacks/with-key.ts";
import { withoutKey } from "./attacks/without-key.ts";

/**
 * `disk-writer.test.ts` tries every row. Here, each starts four processes, so `npm test` tries only two of them,
 * `npm run test:soak` every third, and KASBAH_ROWS=all all of them.
 */
const important: ReadonlySet<string> = new Set([
  "changes an entry, and deletes the checkpoint, the tiles and the index",
  "deletes the oldest segment",
]);
/** From what no one sees to what no one can miss. A whole CA sees more than its ledger alone. */
const strengths: readonly Discovery[] = [
  ...(["silent", "forged", "intact", "kept", "noted", "broken", "lost", "refused"] as const),
];
const strengthOf = (discovery: Discovery) => strengths.indexOf(discovery);
const { KASBAH_ATTACK, KASBAH_ROWS } = process.env;
const isFull = KASBAH_ATTACK === "full" || KASBAH_ROWS === "all";
const every = KASBAH_ROWS === "all" ? 1 : 3;

describe("kasbah-server and kasbah audit verify after someone wrote the ledger", function () {
  this.timeout(isFull ? 1_800_000 : 120_000);
  let pristine: ProcessPristine;
  let copies: Awaited<ReturnType<typeof temporaryDirectory>>;

  before(async () => {
    pristine = await writeProcessPristine();
    copies = await temporaryDirectory();
  });
  after(async () => {
    await copies.remove();
    await pristine.remove();
  });

  const older = withOlderCopy(() => pristine.olderDirectory);
  const rows: readonly Row[] = [...withoutKey, ...older, ...withKey].filter(
    // The clock of a process is that of the machine.
    ([name, , , options], at) =>
      (important.has(name) || (isFull && at % every === 0)) && options?.now === undefined,
  );

  for (const [at, [name, discovery, attack]] of rows.entries())
    it(`${name}: ${discovery}`, async () => {
      const trial = await LedgerTrial.copyOf(pristine.stateDirectory, copies.join(`${at}`));
      await attack(trial);
      const verdict = await judgeProcess(trial, pristine);
      assert.ok(strengthOf(verdict.discovery) >= strengthOf(discovery), verdict.discovery + verdict.words);
      if (discovery === "lost") assert.ok(verdict.isSeenWhileStopped, "verify finds it before the start");
    });
});
