import { readFile } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { readRegularFile } from "../regular-file.ts";
import { openSegmentLines } from "../segments/reader.ts";
import { type Checkpoint, openCheckpoint } from "../tree/checkpoint.ts";
import { type NoteVerifier, parseVerifierKey } from "../tree/note-key.ts";
import { verifyLedger } from "../verify/verify-ledger.ts";
import { storedTree } from "./stored-tree.ts";

/** A larger ledger is not read to name the entry. */
const mostEntries = 50_000;

/**
 * The damage with which a CA would not start on this ledger, and the first entry that does not match; undefined if
 * there is none, or no ledger. Like the start, it reads only the end of the tree. It changes nothing.
 */
export async function findDamage(directory: LedgerDirectory): Promise<string | undefined> {
  try {
    const key = await readText(directory.verifierKey, readFile);
    const note = await readText(directory.checkpoint, readRegularFile);
    if (key === undefined || note === undefined) return undefined;
    const verifier = parseVerifierKey(key.trim());
    const checkpoint = openCheckpoint(note, verifier, verifier.name);
    const damage = await damageOfTree(directory, checkpoint);
    if (damage === undefined || checkpoint.size > mostEntries) return damage;
    return (await firstFinding(directory, verifier)) ?? damage;
  } catch (error) {
    if (error instanceof LedgerError) return error.message;
    throw error;
  }
}

async function damageOfTree(directory: LedgerDirectory, checkpoint: Checkpoint): Promise<string | undefined> {
  try {
    await storedTree(directory, await openSegmentLines(directory.segments), checkpoint);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error.message;
    throw error;
  }
}

async function firstFinding(directory: LedgerDirectory, verifier: NoteVerifier): Promise<string | undefined> {
  const { findings } = await verifyLedger({ directory, verifier });
  const [first] = findings;
  if (first === undefined) return undefined;
  const entry = first.index === undefined ? "" : `entry ${first.index}, `;
  return `${entry}${first.place}: ${first.problem}`;
}

async function readText(path: string, read: (path: string) => Promise<Buffer>): Promise<string | undefined> {
  try {
    return (await read(path)).toString();
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
