/** The wire protocol of a CA. */
export type Dialect = "istio" | "step-ca";

/** Where a CA is, and how to talk to it. */
export interface Target {
  readonly dialect: Dialect;
  readonly host: string;
  readonly port: number;
  /** PEM of the roots that its serving certificate chains to. */
  readonly rootsPem: string;
}

/** The lines of two files; line i of each belongs to the same name. Each line serves one call. */
export interface Supply {
  readonly tokensPath: string;
  readonly firstToken: number;
  readonly requestsPath: string;
  readonly firstRequest: number;
}

/** One measured run. */
export interface Order {
  /** Callers, each with a connection from its own address and one call at a time; with `perSecond`, at most. */
  readonly callers: number;
  /** Whether every call opens a connection of its own. */
  readonly newConnections: boolean;
  /** A certificate needs a connection of its own, because TLS presents it. */
  readonly credential: "token" | "certificate";
  readonly calls: number;
  readonly supply: Supply;
  /** Starts the calls at this rate, whether or not earlier ones have ended; as fast as possible if absent. */
  readonly perSecond?: number;
  /** Every so many calls, one is hostile: it is counted apart. */
  readonly hostileEvery?: number;
}

/** What the load generator saw. */
export interface Outcome {
  readonly seconds: number;
  /** Good calls that ended with a certificate. */
  readonly served: number;
  /** Good calls that failed, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly hostileServed: number;
  /** The CPU time that the load generator used itself. */
  readonly clientCpuSeconds: number;
}

/** What the parent asks of the load generator's process, in the order of its messages. */
export type Command =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "prepare"; readonly order: Order }
  | { readonly kind: "run"; readonly order: Order };

export type Answer =
  | { readonly kind: "done" }
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "failed"; readonly reason: string };
