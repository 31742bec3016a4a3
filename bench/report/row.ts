import type { Spread } from "../statistics/spread.ts";

/** One kind of call to one CA: medians of interleaved rounds, with their spread. */
export interface Row {
  readonly suite: string;
  /** The kind of call: `P-256, RS256, 16 callers`. */
  readonly name: string;
  /** The name of the CA. */
  readonly ca: string;
  readonly perSecond: Spread;
  /** CPU time of the CA for each certificate; NaN if it cannot be read. */
  readonly cpuMs: Spread;
  /** The same in units of one ECDSA P-256 signature and verification of `openssl speed` in the same round. */
  readonly timesOpenssl: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly p999Ms: Spread;
  /** CPU time of the load generator for each certificate. */
  readonly clientCpuMs: Spread;
  /** The highest resident memory of the CA up to the end of the row. */
  readonly peakMib: number;
  /** Calls that failed in all rounds, by reason. */
  readonly failures: Readonly<Record<string, number>>;
}
