import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { openSegmentLines } from "../segments/reader.ts";
import { formatBase64 } from "../tree/base64.ts";
import { type Checkpoint, openCheckpoint } from "../tree/checkpoint.ts";
import type { NoteVerifier } from "../tree/note-key.ts";
import type { AnchorStore, LedgerAnchor } from "./anchor.ts";
import { lastEvidence } from "./evidence.ts";
import { isFromBeforeFirstStart, isSuccessorOf } from "./first-entry.ts";
import { type StoredParts, storedParts } from "./stored-parts.ts";
import { storedTree } from "./stored-tree.ts";

export interface FindLossDeps {
  readonly directory: LedgerDirectory;
  /** The key of this ledger; undefined if there is none, or if it cannot be read. */
  readonly verifier: NoteVerifier | undefined;
  readonly anchors: Pick<AnchorStore, "find" | "lastIssued">;
  /** Whether these entries are those of a release that had no tree. */
  readonly isFormer: boolean;
}

/** The state of a ledger at the start of the CA. */
export interface Judgement {
  /** Why the ledger cannot continue; undefined if it can. */
  readonly loss?: string;
  readonly anchor: LedgerAnchor | undefined;
  /** The entries that the checkpoint covers, and those that exist. Both 0 for a new or lost ledger. */
  readonly signed: number;
  readonly size: number;
}

/**
 * Compares a ledger with its checkpoint and its anchor. Damage that the tree itself detects is left to the
 * start of the tree, which refuses it.
 */
export async function findLoss(deps: FindLossDeps): Promise<Judgement> {
  const { directory, verifier, anchors, isFormer } = deps;
  const anchor = anchors.find(verifier?.name);
  const parts = await storedParts(directory);
  const none = { anchor, signed: 0, size: 0 };
  if (parts.checkpoint === undefined || isUnbegun(parts, verifier, anchor)) {
    const evidence = await lastEvidence(directory);
    const isUnknown = anchor === undefined && anchors.lastIssued() === undefined;
    if (isUnknown && (isFormer || (await isUntouched(parts, deps, evidence)))) return none;
    return { ...none, ...lossOf(withoutCheckpoint(parts, deps, anchor, evidence)) };
  }
  const checkpoint = verifier && openOwn(parts.checkpoint, verifier);
  if (checkpoint === undefined) return none;
  if (anchor !== undefined && checkpoint.origin !== anchor.origin) {
    if (!(await isSuccessorOf(directory, anchor)))
      return { ...none, loss: `the ledger is ${checkpoint.origin}, expected ${anchor.origin}` };
  }
  return judgeTree(deps, checkpoint, anchor);
}

/** Whether an empty ledger was created, but the start ended before anything else knew of it. */
function isUnbegun(
  { hasEntries, hasTiles, checkpoint }: StoredParts,
  verifier: NoteVerifier | undefined,
  anchor: LedgerAnchor | undefined,
): boolean {
  if (hasEntries || hasTiles || verifier === undefined || verifier.name === anchor?.origin) return false;
  return openOwn(checkpoint ?? "", verifier)?.size === 0;
}

/** Whether no CA has run on this ledger, and none has lost one here. */
async function isUntouched(
  { hasTiles }: StoredParts,
  { directory }: FindLossDeps,
  evidence: string,
): Promise<boolean> {
  return !hasTiles && evidence === "" && (await isFromBeforeFirstStart(directory));
}

function withoutCheckpoint(
  { hasEntries, hasTiles, hasKey }: StoredParts,
  { anchors }: FindLossDeps,
  anchor: LedgerAnchor | undefined,
  evidence: string,
): string | undefined {
  if (hasEntries || hasTiles) return `the ledger has ${hasEntries ? "entries" : "tiles"} but no checkpoint`;
  if (anchor !== undefined) return hasKey ? "only the key of the ledger is left" : "the ledger is missing";
  if (evidence !== "") return "an earlier start moved the ledger aside and did not begin a new one";
  const issued = anchors.lastIssued();
  return issued === undefined ? undefined : `the ledger is missing, but ${issued}`;
}

async function judgeTree(
  { directory }: FindLossDeps,
  checkpoint: Checkpoint,
  anchor: LedgerAnchor | undefined,
): Promise<Judgement> {
  try {
    const tree = await storedTree(directory, await openSegmentLines(directory.segments), checkpoint);
    const found = { anchor, signed: checkpoint.size, size: tree.size };
    if (anchor === undefined || anchor.origin !== checkpoint.origin) return found;
    if (tree.size < anchor.size)
      return {
        ...found,
        loss: `the ledger has ${tree.size} entries, but had ${anchor.size} at ${anchor.time}`,
      };
    const isSame = formatBase64(await tree.rootAt(anchor.size)) === anchor.root;
    return isSame
      ? found
      : { ...found, loss: `its first ${anchor.size} entries differ from those at ${anchor.time}` };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { anchor, signed: 0, size: 0 };
  }
}

function openOwn(note: string, verifier: NoteVerifier): Checkpoint | undefined {
  try {
    return openCheckpoint(note, verifier, verifier.name);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return undefined;
  }
}

function lossOf(loss: string | undefined): Pick<Judgement, "loss"> {
  return loss === undefined ? {} : { loss };
}
