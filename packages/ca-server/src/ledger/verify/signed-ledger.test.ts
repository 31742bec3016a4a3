import { generateKeyPairSync } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { manualSweep, recordingLogger, temporaryDirectory } from "@kasbah/testkit";
import { openLedgerKey } from "../checkpoints/ledger-key.ts";
import { TreeKeeper } from "../checkpoints/tree-keeper.ts";
import { encodeEntry } from "../entry.ts";
import { type LedgerDirectory, prepareLedgerDirectory } from "../ledger-directory.ts";
import { segmentPath } from "../segments/segments.ts";

/** Entries of a segment. */
export const segmentEntries = 512;

export interface SignedLedger {
  readonly directory: LedgerDirectory;
  readonly lastSegment: string;
  remove(): Promise<void>;
}

/** A small entry, with its line feed, different for each index. */
export function entryLine(index: number): string {
  const time = new Date(Date.UTC(2030, 0, 1, 0, 0, index)).toISOString();
  const act = { v: 2, kind: "operator", time, act: `act ${index}`, outcome: "accepted" } as const;
  return `${Buffer.from(encodeEntry(act))}\n`;
}

/** Writes a ledger as the CA does, and signs for it. @param also called when there are as many entries as it says */
export async function writeSignedLedger(
  size: number,
  also?: { readonly at: number; look(directory: LedgerDirectory): Promise<void> },
): Promise<SignedLedger> {
  const temporary = await temporaryDirectory();
  const directory = await prepareLedgerDirectory(temporary.join("ledger"));
  const newKey = () => generateKeyPairSync("ed25519").privateKey;
  const openKey = (isInUse: boolean) =>
    openLedgerKey({ directory, trustDomain: "cluster.local", newKey, isInUse });
  const keeper = new TreeKeeper({
    directory,
    openKey,
    sweep: manualSweep().sweep,
    logger: recordingLogger(),
  });
  await keeper.start();
  const pathOf = (index: number) => segmentPath(directory.segments, index - (index % segmentEntries));
  for (let index = 0; index < size; index += 1) {
    await appendFile(pathOf(index), entryLine(index));
    keeper.add([Buffer.from(entryLine(index).trimEnd())]);
    if (index + 1 !== also?.at) continue;
    await keeper.publish();
    await also.look(directory);
  }
  await keeper.stop();
  return { directory, lastSegment: pathOf(size - 1), remove: () => temporary.remove() };
}
