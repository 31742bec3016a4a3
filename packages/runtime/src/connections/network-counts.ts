import { isIPv4 } from "node:net";

/** One network, or one address if no other address of its network was counted. */
interface NetworkCount {
  readonly network: string;
  readonly count: number;
}

export interface NetworkSummary {
  readonly total: number;
  /** The networks with the greatest counts, greatest first. */
  readonly top: readonly NetworkCount[];
}

const maxNetworks = 1_000;

/** Counts events of address groups by their network, an IPv4 /24 or an IPv6 /64, in bounded memory. */
export class NetworkCounts {
  readonly #counts = new Map<string, { count: number; address: string | undefined }>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** @param group an address group */
  add(group: string, count = 1): void {
    this.#total += count;
    const network = networkOf(group);
    const known = this.#counts.get(network);
    if (known === undefined) {
      // A network that comes late in a minute with a thousand others is only part of the total.
      if (this.#counts.size < maxNetworks) this.#counts.set(network, { count, address: group });
      return;
    }
    known.count += count;
    if (known.address !== group) known.address = undefined;
  }

  /** Returns what was counted since the last call. */
  take(most: number): NetworkSummary {
    const top = [...this.#counts]
      .map(([network, { count, address = network }]) => ({ network: address, count }))
      .sort((one, other) => other.count - one.count)
      .slice(0, most);
    const total = this.#total;
    this.#counts.clear();
    this.#total = 0;
    return { total, top };
  }
}

function networkOf(group: string): string {
  return isIPv4(group) ? group.replace(/\.\d+$/, ".0/24") : group;
}
