import type { NetworkSummary } from "@kasbah/runtime";

/** `10.1.2.0/24 (117)`: the networks with the most events. */
export function networksText(top: NetworkSummary["top"]): readonly string[] {
  return top.map(({ network, count }) => `${network} (${count})`);
}
