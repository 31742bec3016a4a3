/** A deviation of the ledger from what was written. */
export interface Finding {
  /** The first affected entry, if any. */
  readonly index?: number | undefined;
  /** The file, and for an entry its line. */
  readonly place: string;
  /** One sentence that never quotes the entry. */
  readonly problem: string;
}

/** The result of verifying the whole ledger. */
export interface LedgerVerdict {
  /** The log's name in its checkpoints; "" if there is none. */
  readonly origin: string;
  /** The first stored entry; retention has deleted those before it. */
  readonly first: number;
  /** The index of the last entry plus one. */
  readonly size: number;
  /** The number of entries that the checkpoint covers. */
  readonly signed: number;
  /** Empty if the ledger is unchanged. */
  readonly findings: readonly Finding[];
  /** What the ledger says about its own past, such as an accepted loss. */
  readonly notes: readonly string[];
}
