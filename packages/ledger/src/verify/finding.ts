/** Something that is not as it was written. */
export interface Finding {
  /** The first entry that is concerned; undefined where it concerns none. */
  readonly index?: number;
  /** Where to look: a file, and for an entry its line. */
  readonly place: string;
  /** In a sentence, without anything of the entry. */
  readonly problem: string;
}

/** What a look at the whole ledger came to. */
export interface LedgerVerdict {
  /** The log's name in its checkpoints; "" when there is none. */
  readonly origin: string;
  /** The first entry that is there; those before it went by retention. */
  readonly first: number;
  /** One more than the last entry's index. */
  readonly size: number;
  /** How many of them the checkpoint vouches for. */
  readonly signed: number;
  /** None in a ledger that is as it was written. */
  readonly findings: readonly Finding[];
}
