/** The head of a ledger when it was last recorded outside the ledger. */
export interface LedgerHead {
  /** The state directory of the ledger. */
  readonly holder: string;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly time: string;
  /** A loss before this ledger began, until an operator accepts it. */
  readonly loss?: { readonly time: string; readonly found: string; readonly evidence: string } | undefined;
}
