/**
 * The answers of the console's data API: what `kasbah console` sends, and what the page reads. Every answer is JSON
 * for a GET; times are RFC 3339 in UTC, as in the `--json` output of the commands.
 *
 * | request | answer |
 * |---|---|
 * | `POST /session` with `{"token"}` | 204 and the cookie; 403 with a {@link ConsoleError} if the link was used or is wrong |
 * | `GET /api/status` | {@link ConsoleStatus} |
 * | `GET /api/identities` | {@link ConsoleIdentities} |
 * | `GET /api/rotation` | {@link ConsoleRotation} |
 * | `GET /api/refusals?since=1h` | {@link ConsoleRefusals} |
 *
 * Any other status than 200 has a {@link ConsoleError} as its body: 401 without a session, 503 if the CA does not
 * answer. An answer may have an `etag`; the page then sends `if-none-match`, and 304 means that nothing has changed.
 */

/** RFC 3339, in UTC. */
export type ConsoleTime = string;

export interface ConsoleError {
  readonly code: string;
  readonly message: string;
  /** What the operator can do, as an imperative. */
  readonly fix?: string | undefined;
}

export type ConsoleLevel = "ok" | "warning" | "critical";

/** Where the answers come from. */
export interface ConsoleSource {
  readonly kind: "running" | "stopped" | "cluster";
  /** In words: "state directory /var/lib/kasbah", or "namespace kasbah-system, context prod". */
  readonly place: string;
  /** The arguments that make another command ask the same CA, such as `-n kasbah-system`; may be empty. */
  readonly flags: string;
  readonly readAt: ConsoleTime;
}

/** What the operator should know, with its fix. */
export interface ConsoleFinding {
  readonly level: ConsoleLevel;
  /** One of "ca", "issuer", "rotation", "refusals", "identities", "ledger", "disk", "clock", "replicas". */
  readonly area: string;
  /** Stable, such as `ROOT_EXPIRING`. */
  readonly code: string;
  readonly what: string;
  readonly fix: string;
  /** The page of the documentation, such as `docs/runbooks/disk-full.md`. */
  readonly page?: string | undefined;
}

/** The overview: the report of `kasbah status`, with the activity of the last hour. */
export interface ConsoleStatus {
  readonly source: ConsoleSource;
  readonly level: ConsoleLevel;
  /** The worst first. */
  readonly findings: readonly ConsoleFinding[];
  readonly trustDomain?: string | undefined;
  /** The CA's time when it answered. */
  readonly now: ConsoleTime;
  /** The sum of all replicas. Undefined for a stopped CA, or one of an earlier release. */
  readonly activity?: ConsoleActivity | undefined;
  readonly identities?: ConsoleIdentityTotals | undefined;
  /** The rotation in progress, or the one that starts next. Undefined if none is planned. */
  readonly nextRotation?: ConsoleNextRotation | undefined;
  /** One for a CA that is not replicated. */
  readonly replicas: readonly ConsoleReplica[];
}

/** Counts in intervals of equal length, oldest first; the last one is not over. */
export interface ConsoleActivity {
  readonly bucketMs: number;
  /** The end of the last interval. */
  readonly endsAt: ConsoleTime;
  readonly issued: readonly number[];
  /** Only codes that occurred. */
  readonly refused: readonly ConsoleRefusedActivity[];
}

export interface ConsoleRefusedActivity {
  readonly code: string;
  readonly counts: readonly number[];
}

export interface ConsoleIdentityTotals {
  /** Identities with a certificate that has not expired. */
  readonly live: number;
  /** Those whose newest certificate has less than a quarter of its lifetime left. */
  readonly late: number;
  /** The late ones that expire first. */
  readonly soonest: readonly ConsoleLateIdentity[];
  /** Whether there may be more. */
  readonly partial?: boolean | undefined;
}

export interface ConsoleLateIdentity {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notBefore: ConsoleTime;
  readonly notAfter: ConsoleTime;
}

export interface ConsoleNextRotation {
  readonly kind: "root" | "intermediate";
  /** The authority that is being replaced, or will be. */
  readonly authority: string;
  /** Present while a rotation is in progress. */
  readonly stage?: string | undefined;
  /** The authority that replaces it, while a rotation is in progress. */
  readonly successor?: string | undefined;
  /** When the rotation starts, or the earliest time of the next stage. */
  readonly at?: ConsoleTime | undefined;
  /** Why the next stage may or may not begin. */
  readonly reason?: string | undefined;
}

export interface ConsoleReplica {
  /** Empty if the CA is not replicated and has no name. */
  readonly name: string;
  readonly role: "single" | "leader" | "follower" | "stopped" | "unreachable" | "unknown";
  /** Why it did not answer, if it is unreachable. */
  readonly failure?: string | undefined;
  /** Undefined if the replica could not say. */
  readonly ready?: boolean | undefined;
  /** Why it is not ready. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly version?: string | undefined;
  readonly startedAt?: ConsoleTime | undefined;
  readonly clock?: ConsoleClock | undefined;
  readonly ledger?: ConsoleLedger | undefined;
  readonly port?: ConsolePort | undefined;
}

export interface ConsoleClock {
  readonly state: "trusted" | "suspect" | "unknown";
  /** Why it is not trusted. */
  readonly reason?: string | undefined;
  /** How far the wall clock is ahead of the trusted time; negative if it is behind. */
  readonly aheadMs?: number | undefined;
}

export interface ConsoleLedger {
  readonly writable: boolean;
  /** Why entries cannot be written. */
  readonly failure?: string | undefined;
  readonly entries: number;
  /** How many of them the newest checkpoint signs. */
  readonly signed: number;
  readonly bytes: number;
  /** Undefined or 0 without a limit. */
  readonly limitBytes?: number | undefined;
  readonly diskFree?: number | undefined;
  readonly diskSize?: number | undefined;
  /** What was lost. */
  readonly loss?: string | undefined;
}

/** The load of the public port. */
export interface ConsolePort {
  readonly connections: number;
  readonly maxConnections: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly workers: number;
}

/** The newest certificate of every identity, one for each pod that shares it, by name. */
export interface ConsoleIdentities {
  readonly source: ConsoleSource;
  readonly now: ConsoleTime;
  readonly identities: readonly ConsoleIdentity[];
  /** How many there are, including those that are not listed. */
  readonly total: number;
  /** How many different SPIFFE IDs these have. */
  readonly names: number;
  readonly truncated: boolean;
}

export interface ConsoleIdentity {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notBefore: ConsoleTime;
  readonly notAfter: ConsoleTime;
  readonly issuedAt: ConsoleTime;
  /** `namespace/name`, if the caller was a pod. */
  readonly pod?: string | undefined;
  /** The replica that issued it. */
  readonly replica?: string | undefined;
}

export type ConsoleStage = "prepared" | "distributed" | "active" | "retiring" | "retired";

/** The report of `kasbah authority list` and `kasbah authority status`. */
export interface ConsoleRotation {
  readonly source: ConsoleSource;
  readonly now: ConsoleTime;
  readonly trustDomain: string;
  readonly epoch: number;
  /** Whether the CA starts rotations automatically. */
  readonly automatic: boolean;
  readonly paused: boolean;
  readonly authorities: readonly ConsoleAuthority[];
  readonly rotation?: ConsoleRotationProgress | undefined;
  readonly warnings: readonly string[];
  /** Clients that have not shown that they hold the root to which the rotation leads. */
  readonly rootClients?: readonly ConsoleRootClient[] | undefined;
  /** Keys that wait for a signed chain. */
  readonly requests?: readonly { readonly id: string; readonly expiresAt: ConsoleTime }[] | undefined;
  /** Replicas whose state differs from this one. */
  readonly differing?: readonly string[] | undefined;
}

export interface ConsoleAuthority {
  readonly id: string;
  readonly kind: "root" | "intermediate";
  readonly origin: "self-signed" | "plugged-in";
  readonly stage: ConsoleStage;
  readonly signs: boolean;
  readonly trusted: boolean;
  readonly fingerprint: string;
  readonly keyType: string;
  readonly notBefore: ConsoleTime;
  readonly notAfter: ConsoleTime;
  readonly stageSince: ConsoleTime;
  /** When the CA starts to replace it automatically. */
  readonly rotatesAt?: ConsoleTime | undefined;
  /** When it retires if it does so beside the rotation in progress. */
  readonly retiresAt?: ConsoleTime | undefined;
  /** What it waits for until then. */
  readonly waitsFor?: string | undefined;
  /** Until when a retired authority can be recalled. */
  readonly keyKeptUntil?: ConsoleTime | undefined;
  /** No certificate under it expires later. */
  readonly leavesUntil?: ConsoleTime | undefined;
  readonly lastLeaf?: ConsoleLeaf | undefined;
  /** When an operator declared its key compromised. */
  readonly distrustedAt?: ConsoleTime | undefined;
}

export interface ConsoleLeaf {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notAfter: ConsoleTime;
}

export interface ConsoleRotationProgress {
  readonly kind: "root" | "intermediate";
  readonly from: string;
  readonly to: string;
  readonly stage: ConsoleStage;
  readonly since: ConsoleTime;
  readonly mayAdvance: boolean;
  /** Why the next stage may or may not begin. */
  readonly reason: string;
  readonly earliest?: ConsoleTime | undefined;
  /** True while the rotation returns to the previous authority. */
  readonly aborted: boolean;
  /** The certificate that the next stage waits for. */
  readonly leaf?: ConsoleLeaf | undefined;
}

export interface ConsoleRootClient {
  readonly spiffeId: string;
  readonly address: string;
  readonly program: string;
  readonly kind: "old-root" | "unknown";
  readonly until: ConsoleTime;
}

/** The report of `kasbah refusals`. */
export interface ConsoleRefusals {
  readonly source: ConsoleSource;
  readonly now: ConsoleTime;
  readonly since: ConsoleTime;
  /** The last ones, newest first. */
  readonly refusals: readonly ConsoleRefusal[];
  /** All of them by code, the most frequent first, including those that were only counted. */
  readonly codes: readonly ConsoleRefusedCode[];
  /** How many there are, including those that are not listed. */
  readonly total: number;
  /** How many were counted and not kept. */
  readonly dropped: number;
}

export interface ConsoleRefusal {
  readonly time: ConsoleTime;
  readonly reference: string;
  readonly code: string;
  /** The identity of the caller, if it was authenticated. */
  readonly caller?: string | undefined;
  /** The identity that it asked for. */
  readonly subject?: string | undefined;
  readonly peer: string;
  readonly problem: string;
  readonly fix?: string | undefined;
  readonly traceId?: string | undefined;
  readonly replica?: string | undefined;
}

export interface ConsoleRefusedCode {
  readonly code: string;
  readonly count: number;
  /** What the code means, as `kasbah why CODE` explains it. */
  readonly explanation: string;
  readonly fix: string;
}
