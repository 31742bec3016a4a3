import { hostOf, type IssuedEntry } from "@kasbah/ledger";
import type { Logger } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";

/** Signs of a possible theft. Each has innocent causes too, so none leads to a refusal. */
export type Alarm = "token_from_two_addresses" | "name_new_in_namespace";

export interface AlarmsDeps {
  /** Whether a certificate was ever issued for the name; undefined while the index is incomplete. */
  readonly isNameKnown: (spiffeId: string) => boolean | undefined;
  readonly onAlarm: (alarm: Alarm) => void;
  readonly logger: Logger;
}

const maxRemembered = 50_000;

/**
 * Checks every issued certificate, in bounded memory. (`KeyHolders` has already checked for one key in two
 * pods.)
 */
export class Alarms {
  readonly #deps: AlarmsDeps;
  readonly #addresses = new LRUCache<string, string>({ max: maxRemembered });
  readonly #names = new LRUCache<string, true>({ max: maxRemembered });

  constructor(deps: AlarmsDeps) {
    this.#deps = deps;
  }

  look(entry: IssuedEntry): void {
    const { caller, spiffeId, peerAddress } = entry;
    if (hasChanged(this.#addresses, caller.tokenIdHash, hostOf(peerAddress)))
      this.#raise("token_from_two_addresses", entry);
    if (this.#names.has(spiffeId)) return;
    this.#names.set(spiffeId, true);
    if (this.#deps.isNameKnown(spiffeId) === false) this.#raise("name_new_in_namespace", entry);
  }

  #raise(alarm: Alarm, { spiffeId, referenceId, serial, peerAddress }: IssuedEntry): void {
    this.#deps.onAlarm(alarm);
    this.#deps.logger.warn("unusual certificate issued", {
      ...{ alarm, spiffeId, referenceId, serial, peerAddress },
    });
  }
}

/** Whether the key had a different value before. Remembers the last value. */
function hasChanged(
  seen: LRUCache<string, string>,
  key: string | undefined,
  value: string | undefined,
): boolean {
  if (key === undefined || value === undefined) return false;
  const before = seen.get(key);
  seen.set(key, value);
  return before !== undefined && before !== value;
}
