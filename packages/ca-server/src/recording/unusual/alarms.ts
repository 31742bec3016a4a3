import { isIPv6 } from "node:net";
import { hostOf, type IssuedEntry } from "@kasbah/ledger";
import { atMost, type Logger } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";

/** Signs of a possible theft. Each has innocent causes too, so none leads to a refusal. */
export type Alarm = "token_from_two_addresses";

export interface AlarmsDeps {
  readonly onAlarm: (alarm: Alarm) => void;
  readonly logger: Logger;
}

const maxRemembered = 50_000;
/** A token that has been seen at more addresses has raised enough alarms. */
const maxAddresses = 8;

/**
 * Checks every issued certificate, in bounded memory. (`KeyHolders` has already checked for one key in two
 * pods.)
 */
export class Alarms {
  readonly #deps: AlarmsDeps;
  /** Nearly every token has one address, and a list of one takes a third of a set's memory. */
  readonly #addresses = new LRUCache<string, readonly string[]>(atMost(maxRemembered));

  constructor(deps: AlarmsDeps) {
    this.#deps = deps;
  }

  look(entry: IssuedEntry): void {
    const { caller, peerAddress } = entry;
    if (caller.tokenIdHash === undefined) return;
    const address = hostOf(peerAddress);
    // In a dual-stack cluster, a pod has an address of each family.
    const key = `${isIPv6(address) ? 6 : 4} ${caller.tokenIdHash}`;
    const known = this.#addresses.get(key) ?? [];
    if (known.includes(address) || known.length >= maxAddresses) return;
    this.#addresses.set(key, [...known, address]);
    if (known.length > 0) this.#raise("token_from_two_addresses", entry);
  }

  #raise(alarm: Alarm, { spiffeId, referenceId, serial, peerAddress }: IssuedEntry): void {
    this.#deps.onAlarm(alarm);
    this.#deps.logger.warn("unusual certificate issued", {
      ...{ alarm, spiffeId, referenceId, serial, peerAddress },
    });
  }
}
