import { isIPv6 } from "node:net";
import { hostOf, type IssuedEntry } from "@kasbah/ledger";
import type { Logger } from "@kasbah/runtime";
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
  readonly #addresses = new LRUCache<string, Set<string>>({ max: maxRemembered });

  constructor(deps: AlarmsDeps) {
    this.#deps = deps;
  }

  look(entry: IssuedEntry): void {
    const { caller, peerAddress } = entry;
    if (caller.tokenIdHash === undefined) return;
    const address = hostOf(peerAddress);
    // In a dual-stack cluster, a pod has an address of each family.
    const key = `${isIPv6(address) ? 6 : 4} ${caller.tokenIdHash}`;
    const known = this.#addresses.get(key) ?? new Set();
    this.#addresses.set(key, known);
    if (known.has(address) || known.size >= maxAddresses) return;
    known.add(address);
    if (known.size > 1) this.#raise("token_from_two_addresses", entry);
  }

  #raise(alarm: Alarm, { spiffeId, referenceId, serial, peerAddress }: IssuedEntry): void {
    this.#deps.onAlarm(alarm);
    this.#deps.logger.warn("unusual certificate issued", {
      ...{ alarm, spiffeId, referenceId, serial, peerAddress },
    });
  }
}
