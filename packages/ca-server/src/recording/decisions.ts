import {
  type DecisionEntry,
  type EntryLog,
  type IssuedEntry,
  isNamed,
  newestDecision,
  parseCallName,
  type RefusedEntry,
} from "@kasbah/ledger";
import { atMost } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { IssuanceFacts, Ledger } from "../issuance/ports.ts";
import { callerKey } from "./caller-key.ts";
import { appendEntry } from "./entries/append-entry.ts";
import { issuedEntry } from "./entries/issued-entry.ts";
import { type CallRefusal, refusedEntry } from "./entries/refused-entry.ts";
import type { PeerLimit } from "./peer-limit.ts";

export interface DecisionsDeps {
  readonly log: Pick<EntryLog, "append">;
  /**
   * Limits the recorded refusals of one caller. Beyond the limit they are treated like those of
   * unauthenticated callers.
   */
  readonly limit: Pick<PeerLimit, "take">;
  /** Takes the refusals of unauthenticated callers. No call waits for them to be written. */
  readonly unauthenticated: { add(entry: RefusedEntry): void; count(code: string): void };
  /** Called for every recorded certificate. */
  readonly onIssued?: (entry: IssuedEntry) => void;
}

/** The last minutes of an attack, which can evict older refusals but never exhaust the memory. */
const maxRefused = 10_000;
/** The ledger's index finds every certificate; it may be some seconds behind, or be rebuilt. */
const maxIssued = 1_000;

/** Records every decision, and keeps the most recent ones by their reference ids. */
export class Decisions implements Ledger {
  readonly #deps: DecisionsDeps;
  readonly #refused = new LRUCache<string, RefusedEntry>(atMost(maxRefused));
  readonly #issued = new LRUCache<string, IssuedEntry>(atMost(maxIssued));

  constructor(deps: DecisionsDeps) {
    this.#deps = deps;
  }

  /** @throws CaError `LEDGER_UNAVAILABLE` if the entry may not be durable */
  async record(record: IssuanceFacts): Promise<void> {
    const entry = issuedEntry(record);
    // Remembered even if it cannot be recorded, so that an operator can still ask for it.
    this.#issued.set(entry.referenceId, entry);
    await appendEntry(this.#deps.log, entry);
    this.#deps.onIssued?.(entry);
  }

  /**
   * Resolves when the refusal of an authenticated caller is durable. It resolves immediately for
   * unauthenticated or repeat offenders, which must neither delay other callers nor fill the disk.
   *
   * @throws CaError `LEDGER_UNAVAILABLE` if the entry may not be durable
   */
  async refused(refusal: CallRefusal): Promise<void> {
    const entry = refusedEntry(refusal);
    const caller = entry.caller && callerKey(entry.caller.spiffeId, entry.caller.pod);
    this.#refused.set(entry.referenceId, entry);
    if (caller !== undefined && this.#deps.limit.take(caller)) return appendEntry(this.#deps.log, entry);
    this.#deps.unauthenticated.add(entry);
  }

  /** Counts a call that was refused before anything but its path was known. */
  refusedEarly(code: string): void {
    this.#deps.unauthenticated.count(code);
  }

  /** Finds one of the most recent decisions by the reference or the trace id of its call. */
  find(callName: string): DecisionEntry | undefined {
    const name = parseCallName(callName);
    if (name.kind === "reference") return this.#refused.peek(callName) ?? this.#issued.peek(callName);
    // Not indexed: an operator asks rarely, and callers choose trace ids. Both caches have the newest first.
    const isWanted = (entry: DecisionEntry) => isNamed(entry, name);
    return newestDecision([
      [...this.#issued.values()].find(isWanted),
      [...this.#refused.values()].find(isWanted),
    ]);
  }
}
