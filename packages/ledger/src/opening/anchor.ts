/** The last known head of a ledger, kept outside the ledger. It may lag behind, but is never ahead. */
export interface LedgerAnchor {
  /** The log's name in its checkpoints. */
  readonly origin: string;
  readonly size: number;
  /** The root in base64. */
  readonly root: string;
  readonly time: string;
  /** The first stored entry; 0 if unknown. Retention removed those before it. */
  readonly first?: number | undefined;
  /** A loss of this ledger or of the one before it, until an operator accepts it. */
  readonly loss?: LedgerLoss | undefined;
  /** The last known head of the lost ledger that this one replaced. */
  readonly follows?: LedgerHeadName | undefined;
}

/** A head by its log, its size and its root in base64. */
export interface LedgerHeadName {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
}

/** A ledger that was lost before this one began. */
export interface LedgerLoss {
  /** When the CA noticed it. */
  readonly time: string;
  /** What was wrong, without a final full stop. */
  readonly found: string;
  /** Where the CA keeps what was left of it, relative to the directory of all ledgers; "" if nothing was left. */
  readonly evidence: string;
}

/** Keeps the anchors of ledgers. A running CA keeps them in its control state. */
export interface AnchorStore {
  /** The anchor of the log with this name, else the last one of this state directory. */
  find(origin: string | undefined): LedgerAnchor | undefined;
  /** Replaces the anchor of this ledger durably. */
  write(anchor: LedgerAnchor): Promise<void>;
  /** A sign that this CA has issued certificates, so that an empty ledger is a loss; undefined if there is none. */
  lastIssued(): string | undefined;
}

/** The anchors of a ledger that nothing remembers. */
export const noAnchors: AnchorStore = {
  find: () => undefined,
  write: async () => undefined,
  lastIssued: () => undefined,
};
