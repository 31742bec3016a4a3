import { LedgerError } from "../errors.ts";
import { formatBase64 } from "../tree/base64.ts";
import type { Checkpoint } from "../tree/checkpoint.ts";
import type { TileHashes } from "../tree/tile-hashes.ts";
import type { Finding } from "./finding.ts";

/** A head of the ledger that is known outside the ledger. */
export interface KnownHead {
  /** Where it is known, such as "the control state". */
  readonly where: string;
  /** The log's name in its checkpoints. */
  readonly origin: string;
  readonly size: number;
  /** The root in base64. */
  readonly root: string;
  /** A loss that no operator has accepted, as the CA recorded it there. */
  readonly loss?: { readonly time: string; readonly found: string } | undefined;
}

/** The ledger that heads are compared with. */
export interface ComparedLedger {
  readonly signed: Checkpoint;
  readonly hashes: Pick<TileHashes, "rootAt">;
  /** The logs that the ledger itself names as its lost predecessors. */
  readonly predecessors: ReadonlySet<string>;
  /** Whether the ledger itself names a loss that no operator has accepted. */
  readonly hasOpenLoss: boolean;
}

/** Compares the ledger with the heads that are known elsewhere: it must be an extension of each. */
export async function headFindings(
  heads: readonly KnownHead[],
  ledger: ComparedLedger,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const head of heads) {
    const found = await headFinding(head, ledger);
    if (found !== undefined) findings.push(found);
    const { where, loss } = head;
    if (loss === undefined || ledger.hasOpenLoss) continue;
    const problem = `${where} records a loss of ${loss.time}, which the ledger does not: ${loss.found}`;
    findings.push({ place: "segments", problem });
  }
  return findings;
}

async function headFinding(
  { where, origin, size, root }: KnownHead,
  { signed, hashes, predecessors }: ComparedLedger,
): Promise<Finding | undefined> {
  if (origin !== signed.origin) {
    if (predecessors.has(origin)) return undefined;
    const problem = `${where} records the ledger ${origin} with ${size} entries, but this is ${signed.origin}`;
    return { place: "checkpoint", problem };
  }
  if (size > signed.size) {
    const problem = `${where} records ${size} entries, but the checkpoint covers only ${signed.size}`;
    return { index: signed.size, place: "checkpoint", problem };
  }
  if ((await rootAt(hashes, size)) === root) return undefined;
  return { place: "tile", problem: `the first ${size} entries are not those that ${where} records` };
}

/** Undefined if a tile is missing or damaged. */
async function rootAt(hashes: ComparedLedger["hashes"], size: number): Promise<string | undefined> {
  try {
    return formatBase64(await hashes.rootAt(size));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return undefined;
  }
}
