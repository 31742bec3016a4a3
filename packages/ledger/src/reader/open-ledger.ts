import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import { type LedgerDirectory, ledgerDirectoryAt, ledgersIn } from "../ledger-directory.ts";
import type { LedgerReader } from "../ports.ts";
import { SegmentLedgerReader } from "./ledger-reader.ts";
import type { SlotIndexOptions } from "./slot-index.ts";
import { SlotReader } from "./slot-reader.ts";

/**
 * Opens the ledgers in one or several state directories as one, whether their CAs are running or stopped. It
 * updates their indexes if this process may write, and changes nothing else.
 *
 * @throws LedgerError `STATE_MISSING` if there is no ledger
 */
export async function openLedgerForReading(
  stateDirectories: string | readonly string[],
  options: SlotIndexOptions = {},
): Promise<LedgerReader> {
  const paths = typeof stateDirectories === "string" ? [stateDirectories] : [...new Set(stateDirectories)];
  const slots: SlotReader[] = [];
  try {
    for (const path of paths) {
      for (const { slot, directory } of await slotsOf(path)) {
        const name = paths.length === 1 ? slot : join(path, slot);
        slots.push(await SlotReader.open(name, directory, options));
      }
    }
    return new SegmentLedgerReader(slots);
  } catch (error) {
    for (const slot of slots) await slot.close();
    throw error;
  }
}

/** The ledger of one writing process. */
export interface Slot {
  readonly slot: string;
  readonly directory: LedgerDirectory;
}

/** @throws LedgerError `STATE_MISSING` if there is no ledger */
export async function slotsOf(stateDirectory: string): Promise<readonly Slot[]> {
  const ledger = ledgersIn(stateDirectory);
  try {
    const slots: Slot[] = [];
    for (const slot of (await readdir(ledger)).sort()) {
      const directory = ledgerDirectoryAt(ledger, slot);
      if (await isDirectory(directory.segments)) slots.push({ slot, directory });
    }
    if (slots.length > 0) return slots;
  } catch (cause) {
    if (errnoOf(cause) === "EACCES")
      throw new LedgerError("STATE_MISSING", `this user may not read ${ledger}`, { cause });
    if (errnoOf(cause) !== "ENOENT" && errnoOf(cause) !== "ENOTDIR") throw cause;
  }
  const advice = "set --state-dir to the state directory of a CA that has been started";
  throw new LedgerError("STATE_MISSING", `${ledger} contains no ledger: ${advice}`);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return false;
    throw error;
  }
}
