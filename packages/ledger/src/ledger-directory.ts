import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { ensureDirectory, errnoOf, syncDirectory } from "@kasbah/runtime";
import { listSegments, segmentPath } from "./segments/list.ts";

/** Where things lie in the ledger of one writing process. Only the CA's user may enter. */
export interface LedgerDirectory {
  readonly path: string;
  /** The entries. */
  readonly segments: string;
  /** The last signed head of the tree. */
  readonly checkpoint: string;
  readonly key: string;
  /** What verifies checkpoints, for everybody: `<name>+<hash>+<key>` (C2SP signed-note). */
  readonly verifierKey: string;
  /** Refusals of callers that were not known, outside of the tree. */
  readonly unauthenticated: string;
  /** Made from the entries; may be deleted. */
  readonly index: string;
}

/** The directory of all ledgers in a CA's state directory: one for each writing process. */
export function ledgersIn(stateDirectory: string): string {
  return join(stateDirectory, "ledger");
}

/** Where the first release kept all entries. */
const formerSegment = "segment-000000.jsonl";

/** One tree for each writing process; so far there is one. @param ledger the directory of all */
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
  };
}

/** Makes what is missing, and takes over the entries of the first release as the first ones of the tree. */
export async function prepareLedgerDirectory(ledger: string): Promise<LedgerDirectory> {
  const directory = ledgerDirectoryAt(ledger);
  await ensureDirectory(directory.path, 0o700);
  await mkdir(directory.segments, { recursive: true, mode: 0o700 });
  await mkdir(directory.unauthenticated, { recursive: true, mode: 0o700 });
  if ((await readdir(directory.segments)).length === 0) await takeOver(ledger, directory);
  return directory;
}

/** Whether something was ever decided here. */
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
