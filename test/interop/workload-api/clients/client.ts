/** What a call of a SPIFFE library answered, or what a watch received last. Certificates are DER in Base64. */
export interface Answer {
  readonly error?: string;
  readonly spiffeId?: string;
  /** The workload's certificate, then intermediates. */
  readonly chain?: readonly string[];
  /** The roots of the trust domain. */
  readonly roots?: readonly string[];
  /** The number of keys that verify JWT-SVIDs. */
  readonly keys?: number;
  /** The peer of a TLS connection. */
  readonly peer?: string;
  /** Handshakes since the start, those that failed, and why the first one did. */
  readonly count?: number;
  readonly failures?: number;
  readonly first?: string;
}

/** Answers by the name of the call, as the library names it. */
export type Answers = Readonly<Record<string, Answer>>;

/** A program that has been running with a SPIFFE library since it was started. */
export interface RunningClient {
  /** Makes every call of a profile once. */
  ask(profile: "x509" | "jwt"): Promise<Answers>;
  /** What each watch received last. */
  pushed(): Promise<Answers>;
  /** The errors that watches have received so far. */
  readonly pushErrors: readonly string[];
  stop(): Promise<void>;
}

export interface Workload {
  /** The path of the Workload API's socket. */
  readonly socket: string;
  readonly spiffeId: string;
  /** Returns the path of a new directory. */
  readonly directory: (name: string) => string;
}

/** A SPIFFE library or tool, and the names under which its program reports each call. */
export interface WorkloadClient {
  readonly name: string;
  /** The calls of the X.509 profile. */
  readonly x509: readonly string[];
  /** Watches, to which the agent pushes every change. */
  readonly watches: readonly string[];
  /** The calls that get the trust domain's keys for JWT-SVIDs, of which there are none. */
  readonly emptyKeySets: readonly string[];
  /** The calls of profiles that kasbah does not have. */
  readonly refused: readonly string[];
  /** Installs what the client needs into the cache; returns the reason if it may be skipped. */
  install(): string | undefined;
  start(workload: Workload): RunningClient;
}
