import type { Ledger } from "../issuance/ports.ts";
import { encodeIssuedEntry } from "./entry.ts";
import type { SegmentLog } from "./segment-log.ts";

/** The ledger as issuance knows it, over a durable log of lines. */
export function createIssuanceLedger(log: Pick<SegmentLog, "append">): Ledger {
  return { record: (record) => log.append(encodeIssuedEntry(record)) };
}
