import type { StatusFinding, StatusLevel } from "./finding.ts";

/** How a CA is: what `kasbah status` shows, and `kasbah status --json` prints. */
export interface StatusReport {
  readonly source: StatusSource;
  readonly level: StatusLevel;
  /** The worst first. */
  readonly findings: readonly StatusFinding[];
  /** The parts of the report that are unknown, each with the reason. */
  readonly missing: readonly string[];
  readonly trustDomain?: string;
  /** The CA's time when it answered; that of this machine if it did not. */
  readonly now: Date;
  readonly authorities: readonly StatusAuthority[];
  readonly nextRotation?: NextRotation;
  /** The sum of all replicas; of a stopped CA, that of its last hour. */
  readonly activity?: StatusActivity;
  readonly identities?: StatusIdentities;
  /** One for a CA that is not replicated. */
  readonly replicas: readonly StatusReplica[];
}

export interface StatusSource {
  readonly kind: "running" | "stopped" | "cluster";
  /** In words, such as `state directory /var/lib/kasbah`. */
  readonly place: string;
  /** The arguments that make another command ask the same CA; may be empty. */
  readonly flags: string;
  /** The arguments that make kubectl use the cluster and the namespace of the CA; empty on this machine. */
  readonly kubectl: string;
  /** The state directory that was read or belongs to the socket; absent if unknown, and in a cluster. */
  readonly stateDirectory?: string;
  /** By the clock of this machine. */
  readonly readAt: Date;
}

export interface StatusAuthority {
  readonly id: string;
  readonly kind: "root" | "intermediate";
  readonly stage: string;
  readonly signs: boolean;
  readonly level: StatusLevel;
  readonly notAfter: Date;
  readonly rotatesAt?: Date;
}

/** The rotation in progress, or the one that starts next. */
export interface NextRotation {
  readonly kind: "root" | "intermediate";
  /** The authority that is being replaced, or will be. */
  readonly authority: string;
  /** Present while a rotation is in progress, with the authority that replaces it. */
  readonly stage?: string;
  readonly successor?: string;
  /** When it starts, or the earliest time of the next stage. */
  readonly at?: Date;
  /** What the next stage waits for. */
  readonly reason?: string;
}

/** Counts in intervals of equal length, oldest first; the last one is not over. */
export interface StatusActivity {
  readonly bucketMs: number;
  readonly endsAt: Date;
  readonly issued: readonly number[];
  readonly refused: readonly CodeCounts[];
  readonly lastMinute: number;
  readonly lastTenMinutes: number;
  readonly lastHour: number;
  /** The refusals of the last ten minutes. */
  readonly refusedLastTenMinutes: number;
  /** Connections that ended before their first call, by reason. */
  readonly handshakes: readonly CodeCounts[];
}

export interface CodeCounts {
  readonly code: string;
  readonly counts: readonly number[];
}

export interface StatusIdentities {
  readonly live: number;
  /** Those whose newest certificate has less than a quarter of its lifetime left. */
  readonly late: number;
  /** The late ones that expire first. */
  readonly soonest: readonly StatusIdentity[];
  /** Whether there may be more. */
  readonly partial: boolean;
}

interface StatusIdentity {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

type ReplicaRole = "single" | "leader" | "follower" | "stopped" | "unreachable" | "unknown";

export interface StatusReplica {
  /** Empty if the CA is not replicated and has no name. */
  readonly name: string;
  readonly role: ReplicaRole;
  /** Why it did not answer. */
  readonly failure?: string;
  /** Absent if the replica could not say. */
  readonly ready?: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly version?: string;
  readonly startedAt?: Date;
  readonly clock?: StatusClock;
  readonly ledger?: StatusLedger;
  readonly port?: StatusLoad;
}

interface StatusClock {
  readonly state: "trusted" | "suspect" | "unknown";
  readonly reason: string;
  /** How far the clock of the machine is ahead of the trusted time; negative if it is behind. */
  readonly aheadMs: number;
}

interface StatusLedger {
  readonly writable: boolean;
  readonly failure: string;
  readonly entries: number;
  readonly signed: number;
  readonly bytes: number;
  /** 0 without a limit. */
  readonly limitBytes: number;
  readonly diskFree: number;
  readonly diskSize: number;
  /** A loss that no operator has accepted; empty if there is none. */
  readonly loss: string;
}

interface StatusLoad {
  readonly connections: number;
  readonly maxConnections: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly workers: number;
}
