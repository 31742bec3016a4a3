import { spreadOf } from "../statistics/spread.ts";
import type { Row } from "./row.ts";

/** A row of the issuance suite with the same figures in every round. */
export function exampleRow(row: Partial<Omit<Row, "cpuMs" | "timesOpenssl" | "perSecond">> & Figures): Row {
  const { cpuMs = 1, timesOpenssl = [cpuMs * 12], perSecond = 500, ...labels } = row;
  const same = spreadOf([1]);
  return {
    suite: "issuance",
    name: "P-256 CSR, RS256, 64 callers",
    ca: "kasbah",
    p50Ms: same,
    p99Ms: same,
    p999Ms: same,
    clientCpuMs: same,
    peakMib: 120,
    failures: {},
    ...labels,
    cpuMs: spreadOf([cpuMs]),
    timesOpenssl: spreadOf(timesOpenssl),
    perSecond: spreadOf([perSecond]),
  };
}

interface Figures {
  readonly cpuMs?: number;
  readonly timesOpenssl?: readonly number[];
  readonly perSecond?: number;
}
