import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { ensureDirectory, errnoOf, syncDirectory } from "@kasbah/runtime";
import { listSegments, segmentPath } from "./segments/list.ts";

/** The files in the ledger of one writing process. Only the CA's user has access. */
export interface LedgerDirectory {
  readonly path: string;
  /** The directory of the entries. */
  readonly segments: string;
  /** The last signed head of the tree. */
  readonly checkpoint: string;
  readonly key: string;
  /** The public key that verifies checkpoints: `<name>+<hash>+<key>` (C2SP signed-note). */
  readonly verifierKey: string;
  /** Refusals of unauthenticated callers, which are not in the tree. */
  readonly unauthenticated: string;
  /** Derived from the entries; may be deleted. */
  readonly index: string;
  /** Occupies the space that is reserved for acts of operators. */
  readonly reserve: string;
}

/** The directory of all ledgers in a CA's state directory, one per writing process. */
export function ledgersIn(stateDirectory: string): string {
  return join(stateDirectory, "ledger");
}

/** The file in which the first release stored all entries. */
const formerSegment = "segment-000000.jsonl";

/** One tree per writing process; so far there is only one. @param ledger the directory of all ledgers */
export function ledgerDirectoryAt(ledger: string, slot = "0"): LedgerDirectory {
  const path = join(ledger, slot);
  return {
    path,
    segments: join(path, "segments"),
    checkpoint: join(path, "checkpoint"),
    key: join(path, "ledger-key.pem"),
    verifierKey: join(path, "ledger-key.pub"),
    unauthenticated: join(path, "strangers"),
    index: join(path, "index.sqlite"),
    reserve: join(path, "reserve"),
  };
}

/** Creates missing directories and adopts the entries of the first release as the first ones of the tree. */
export async function prepareLedgerDirectory(ledger: string): Promise<LedgerDirectory> {
  const directory = ledgerDirectoryAt(ledger);
  await ensureDirectory(directory.path, 0o700);
  await mkdir(directory.segments, { recursive: true, mode: 0o700 });
  await mkdir(directory.unauthenticated, { recursive: true, mode: 0o700 });
  if ((await readdir(directory.segments)).length === 0) await takeOver(ledger, directory);
  return directory;
}

/** Whether any decision was ever recorded here. */
export async function holdsEntries(ledger: string): Promise<boolean> {
  const { segments } = ledgerDirectoryAt(ledger);
  const former = await stat(join(ledger, formerSegment)).catch(whenMissing);
  const there = (await listSegments(segments).catch(whenMissing)) ?? [];
  return (former?.size ?? 0) > 0 || there.some(({ bytes }) => bytes > 0);
}

async function takeOver(ledger: string, { segments }: LedgerDirectory): Promise<void> {
  try {
    await rename(join(ledger, formerSegment), segmentPath(segments, 0));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  await syncDirectory(segments);
  await syncDirectory(ledger);
}

function whenMissing(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT") throw error;
}
