/** How one CA process is, and what it did in the last hour. Unknown texts are "". */
export interface OverviewMessage {
  readonly version: string;
  /** The replica that answers; "" if it has no name. */
  readonly replica: string;
  readonly trustDomain: string;
  /** The trusted time of the CA. */
  readonly now: Date;
  /** Undefined if the CA is stopped. */
  readonly startedAt: Date | undefined;
  readonly ready: boolean;
  /** Why the CA is not ready. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  /** `stopped` comes from a state directory, never from a CA. */
  readonly role: "single" | "leader" | "follower" | "stopped";
  readonly activity: ActivityMessage;
  readonly ledger: LedgerStateMessage;
  readonly port: PortStateMessage;
  readonly identities: IdentityTotalsMessage;
  readonly clock: ClockStateMessage;
}

/** Events per bucket of time, the oldest bucket first. The last one is not yet complete. */
export interface ActivityMessage {
  readonly bucketMs: number;
  /** When the last bucket ends. */
  readonly endsAt: Date;
  readonly issued: readonly number[];
  /** Refused calls by error code, those refused before authentication included. */
  readonly refused: readonly CountedActivityMessage[];
  /** Connections that ended before their first call, by reason. */
  readonly handshakes: readonly CountedActivityMessage[];
}

export interface CountedActivityMessage {
  readonly code: string;
  readonly counts: readonly number[];
}

export interface LedgerStateMessage {
  readonly writable: boolean;
  /** Why it cannot be written; "" if it can. */
  readonly failure: string;
  readonly entries: number;
  /** The number of entries that the last checkpoint covers. */
  readonly signed: number;
  readonly bytes: number;
  /** 0 if there is no limit. */
  readonly limitBytes: number;
  readonly diskFree: number;
  readonly diskSize: number;
  /** A loss that waits for an operator; "" if there is none. */
  readonly loss: string;
}

export interface PortStateMessage {
  readonly connections: number;
  readonly maxConnections: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** The number of processes that serve connections. */
  readonly workers: number;
}

export interface IdentityTotalsMessage {
  /** Identities with an unexpired certificate that this CA process has recorded. */
  readonly live: number;
  /** Those whose newest certificate has less than a quarter of its lifetime left. */
  readonly late: number;
  /** The late ones that expire first. */
  readonly soonest: readonly LateIdentityMessage[];
  /** Whether there may be more: the CA still reads its ledger, or there are too many to count. */
  readonly partial: boolean;
  /**
   * Present only if it was requested: the identities that are not late, as the CRC-32 of each name in four octets,
   * big-endian, all in base64.
   */
  readonly fresh?: string | undefined;
}

export interface LateIdentityMessage {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface ClockStateMessage {
  readonly state: "trusted" | "suspect" | "unknown";
  /** Why nothing irreversible happens now; "" if nothing holds. */
  readonly reason: string;
  readonly wallTime: Date;
}
