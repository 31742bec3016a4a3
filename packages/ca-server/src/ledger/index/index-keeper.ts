import type { Component, Logger, Sweep } from "@kasbah/runtime";
import type { DecisionEntry } from "../decisions.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { findDecision } from "../reader/find-decision.ts";
import { findStranger } from "../reader/strangers.ts";
import { listSegments } from "../segments/segments.ts";
import { AuditIndex } from "./audit-index.ts";
import { catchUp } from "./catch-up.ts";

export interface IndexKeeperParts {
  readonly directory: Pick<LedgerDirectory, "segments" | "index" | "strangers">;
  /** How many entries are durable. */
  readonly size: () => number;
  /** Each second. */
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/**
 * Brings the index after what was decided, a second behind. The CA does not need it to decide, so that no trouble with it
 * stops anything; after its loss it is made anew beside the work.
 */
export class IndexKeeper implements Component {
  readonly name = "ledger index";
  readonly #parts: IndexKeeperParts;
  readonly #stopping = new AbortController();
  #index: AuditIndex | undefined;
  #isCurrent = false;
  #isFailing = false;
  #sweeping: { stop(): void } | undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(parts: IndexKeeperParts) {
    this.#parts = parts;
  }

  /** Returns at once: an index that is made anew takes its time. */
  async start(): Promise<void> {
    void this.follow();
    this.#sweeping = this.#parts.sweep(() => void this.follow());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    this.#stopping.abort();
    await this.#following;
    this.#index?.close();
  }

  /** Resolves when what was begun is done. */
  settled(): Promise<void> {
    return this.#following;
  }

  /** Whether a certificate was ever issued for the name; undefined until the index has come to the end once. */
  isNameKnown(spiffeId: string): boolean | undefined {
    return this.#isCurrent ? this.#index?.find.isNameKnown(spiffeId) : undefined;
  }

  /** The decision about a call, a second after it; those about strangers included. */
  async find(referenceId: string): Promise<DecisionEntry | undefined> {
    const { directory } = this.#parts;
    return this.#index === undefined
      ? findStranger(directory.strangers, referenceId)
      : findDecision(this.#index, directory, referenceId);
  }

  /** Takes what is durable now. */
  follow(): Promise<void> {
    this.#following = this.#following.then(() => this.#follow());
    return this.#following;
  }

  async #follow(): Promise<void> {
    const { directory, size, logger } = this.#parts;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    try {
      this.#index ??= AuditIndex.open(directory.index);
      const end = size();
      if (this.#index.size !== end || !this.#isCurrent)
        await catchUp(this.#index, await listSegments(directory.segments), { end, signal });
      this.#isCurrent = true;
      this.#isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      this.#isCurrent = false;
      this.#index?.close();
      this.#index = undefined;
      if (!this.#isFailing)
        logger.warn("the ledger's index can not be kept; the ledger itself goes on", { error });
      this.#isFailing = true;
    }
  }
}
