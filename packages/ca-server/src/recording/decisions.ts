import type { DecisionEntry, IssuedEntry, RefusedEntry } from "@kasbah/ledger";
import { LRUCache } from "lru-cache";
import type { IssuanceFacts, Ledger } from "../issuance/ports.ts";
import { appendEntry, type EntryLog } from "./append-entry.ts";
import { issuedEntry } from "./issued-entry.ts";
import type { PeerLimit } from "./peer-limit.ts";
import { type Refusal, refusedEntry } from "./refused-entry.ts";

export interface DecisionsDeps {
  readonly log: EntryLog;
  /** How many refusals of one caller go on record; the others are as those of strangers. */
  readonly limit: Pick<PeerLimit, "take">;
  /** Takes the refusals of callers that were not known; nobody waits for it. */
  readonly strangers: { add(entry: RefusedEntry): void };
  /** Told of every certificate that is on record. */
  readonly onIssued?: (entry: IssuedEntry) => void;
}

/** A day of a small mesh, or the last minutes of an attack: strangers can make old ones go, and memory not grow. */
const maxRecent = 10_000;

/** Puts each decision about a call on record, and knows the last of them by their reference ids. */
export class Decisions implements Ledger {
  readonly #deps: DecisionsDeps;
  readonly #recent = new LRUCache<string, DecisionEntry>({ max: maxRecent });

  constructor(deps: DecisionsDeps) {
    this.#deps = deps;
  }

  /** @throws CaError `LEDGER_UNAVAILABLE` when it may not be durable */
  async record(record: IssuanceFacts): Promise<void> {
    const entry = issuedEntry(record);
    await this.#append(entry);
    this.#deps.onIssued?.(entry);
  }

  /**
   * Resolves when the refusal is durable, where the caller was known; at once where it was not, or asks on and on: it
   * could make everybody wait, and fill the disk.
   *
   * @throws CaError `LEDGER_UNAVAILABLE` when it may not be durable
   */
  async refused(refusal: Refusal): Promise<void> {
    const entry = refusedEntry(refusal);
    const who = entry.caller && `${entry.caller.pod?.uid ?? ""} ${entry.caller.spiffeId}`;
    if (who !== undefined && this.#deps.limit.take(who)) return this.#append(entry);
    this.#recent.set(entry.referenceId, entry);
    this.#deps.strangers.add(entry);
  }

  /** One of the last ones. */
  find(referenceId: string): DecisionEntry | undefined {
    return this.#recent.peek(referenceId);
  }

  async #append(entry: DecisionEntry): Promise<void> {
    // Also what can not go on record: whoever asks why should hear it.
    this.#recent.set(entry.referenceId, entry);
    await appendEntry(this.#deps.log, entry);
  }
}
