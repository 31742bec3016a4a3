import { readFileSync } from "node:fs";
import { distinctNames } from "../materials/workload.ts";
import type { Order } from "./order.ts";

/** What one call presents. */
export interface Round {
  readonly token: string;
  /** PEM of the CSR. */
  readonly csr: string;
  /** PEM of the private key of the CSR. */
  readonly key: string;
}

/** Reads what each call of an order presents. @throws RangeError instead of presenting a token or a key twice. */
export function loadRounds({ supply, calls, credential }: Order): readonly Round[] {
  // A certificate authenticates its own name, which returns after this many lines.
  const count = credential === "certificate" ? calls + distinctNames : calls;
  const tokens = linesOf(supply.tokensPath, supply.firstToken, count);
  const requests = linesOf(supply.requestsPath, supply.firstRequest, count);
  return requests.map((request, index) => ({ token: tokens[index] ?? "", ...JSON.parse(request) }));
}

function linesOf(path: string, from: number, count: number): readonly string[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  if (lines.length < from + count)
    throw new RangeError(`${path} has ${lines.length} lines, not ${from + count}`);
  return lines.slice(from, from + count);
}
