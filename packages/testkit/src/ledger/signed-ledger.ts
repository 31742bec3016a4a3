import { generateKeyPairSync } from "node:crypto";
import { appendFile } from "node:fs/promises";
import {
  encodeEntry,
  type LedgerDirectory,
  openLedgerKey,
  openSegmentLines,
  prepareLedgerDirectory,
  segmentPath,
  TreeKeeper,
} from "@kasbah/ledger";
import { temporaryDirectory } from "../disk/temporary-directory.ts";
import { manualSweep } from "../fakes/manual-sweep.ts";
import { recordingLogger } from "../fakes/recording-logger.ts";

/** Entries per segment. */
export const segmentEntries = 512;

export interface SignedLedger {
  /** The state directory of the ledger's CA. */
  readonly stateDirectory: string;
  readonly directory: LedgerDirectory;
  readonly lastSegment: string;
  remove(): Promise<void>;
}

/** A small entry with its line feed, different for each index. */
export function entryLine(index: number): string {
  const time = new Date(Date.UTC(2030, 0, 1, 0, 0, index)).toISOString();
  const act = { v: 2, kind: "operator", time, act: `act ${index}`, outcome: "accepted" } as const;
  return `${Buffer.from(encodeEntry(act))}\n`;
}

export interface LedgerPlan {
  /** An entry with its line feed. */
  readonly lineOf?: (index: number) => string;
  /** Calls `look` once there are this many entries and all are signed. */
  readonly at?: number;
  readonly look?: (directory: LedgerDirectory) => Promise<void>;
}

/** Writes and signs a ledger as the CA does. */
export async function writeSignedLedger(
  size: number,
  { lineOf = entryLine, at, look }: LedgerPlan = {},
): Promise<SignedLedger> {
  const temporary = await temporaryDirectory();
  const directory = await prepareLedgerDirectory(temporary.join("ledger"));
  const newKey = () => generateKeyPairSync("ed25519").privateKey;
  const openKey = (isInUse: boolean) =>
    openLedgerKey({ directory, trustDomain: "cluster.local", newKey, isInUse });
  const keeper = new TreeKeeper({
    directory,
    openKey,
    lines: () => openSegmentLines(directory.segments),
    sweep: manualSweep().sweep,
    logger: recordingLogger(),
  });
  await keeper.start();
  const pathOf = (index: number) => segmentPath(directory.segments, index - (index % segmentEntries));
  for (let index = 0; index < size; index += 1) {
    await appendFile(pathOf(index), lineOf(index));
    keeper.add([Buffer.from(lineOf(index).trimEnd())]);
    if (index + 1 !== at) continue;
    await keeper.publish();
    await look?.(directory);
  }
  await keeper.stop();
  const remove = () => temporary.remove();
  return { stateDirectory: temporary.path, directory, lastSegment: pathOf(size - 1), remove };
}
