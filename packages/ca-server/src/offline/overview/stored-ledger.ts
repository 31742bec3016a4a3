import { readFile } from "node:fs/promises";
import {
  headOfNote,
  type LedgerDirectory,
  LedgerError,
  type LedgerVisitor,
  ledgerBytes,
  readLedgerEnd,
  withStoredIndex,
} from "@kasbah/ledger";
import type { OverviewMessage } from "@kasbah/protocol";
import { errnoOf, storageFailure } from "@kasbah/runtime";
import { LiveIdentities } from "../../recording/identities/live-identities.ts";
import { RecordedActivity } from "./recorded-activity.ts";

/** Two segments, about 60 000 entries, which take a second. */
const mostBytes = 32 * 1024 * 1024;

/** What the ledger of a stopped CA shows. */
export interface StoredLedger extends Pick<OverviewMessage, "activity" | "identities"> {
  readonly entries: number;
  readonly signed: number;
  readonly bytes: number;
  /** Why it cannot be read; "" if it can. */
  readonly failure: string;
  /** Whether older entries were not read. */
  readonly isPart: boolean;
}

/** Reads the end of the ledger and its index, at a cost that does not grow with the ledger. */
export async function readStoredLedger(directory: LedgerDirectory, now: Date): Promise<StoredLedger> {
  const activity = new RecordedActivity();
  try {
    return await withStoredIndex(directory, async (index) => {
      const identities = new LiveIdentities(index);
      const end = await readLedgerEnd(directory, mostBytes, visitorOf(activity, identities, index.size));
      for (const batch of index.newestOfNames(now) ?? []) identities.found(batch);
      if (end.from <= index.size) identities.seeded();
      return {
        ...{ entries: end.size, isPart: end.isPart, failure: "", activity: activity.read(now) },
        ...{ signed: await signedIn(directory), bytes: await bytesOf(directory, end.size) },
        identities: await identities.totals(now, { forMerging: false }),
      };
    });
  } catch (error) {
    if (!(error instanceof LedgerError) && errnoOf(error) === undefined) throw error;
    const failure = error instanceof LedgerError ? error.message : storageFailure(error);
    return { ...nothing, failure, activity: new RecordedActivity().read(now) };
  }
}

const noIdentities = { live: 0, late: 0, soonest: [], partial: true };
const nothing = { entries: 0, signed: 0, bytes: 0, isPart: false, identities: noIdentities };

/** The index contains the entries before `indexed`, and knows the newest of them. */
function visitorOf(activity: RecordedActivity, identities: LiveIdentities, indexed: number): LedgerVisitor {
  return {
    onEntry(entry, index) {
      activity.add(entry);
      if (entry.kind === "issued" && index >= indexed) identities.issued(entry);
    },
    onUnauthenticated: (line) => activity.add(line),
  };
}

async function signedIn({ checkpoint }: LedgerDirectory): Promise<number> {
  return headOfNote(await readFile(checkpoint, "utf8").catch(emptyIfMissing))?.size ?? 0;
}

async function bytesOf(directory: LedgerDirectory, entries: number): Promise<number> {
  if (entries === 0) return 0;
  return (await ledgerBytes(directory, entries)).all;
}

function emptyIfMissing(error: unknown): string {
  if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return "";
  throw error;
}
