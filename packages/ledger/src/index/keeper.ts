import type { Component, Logger, Sweep } from "@kasbah/runtime";
import type { DecisionEntry } from "../entry/entry.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { AuditIndex } from "./audit-index.ts";
import { catchUp } from "./catch-up.ts";
import { isDamaged, removeIndex } from "./file.ts";
import { findDecision } from "./find-decision.ts";

export interface IndexKeeperDeps {
  readonly directory: LedgerDirectory;
  /** How many entries are durable: what follows may yet be cut. */
  readonly durable: () => number;
  /** When to look for new entries. */
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/** Keeps the index of a running CA up to its ledger. Nobody waits for it, and the CA goes on when it fails. */
export class IndexKeeper implements Component {
  readonly name = "audit index";
  readonly #deps: IndexKeeperDeps;
  readonly #stopping = new AbortController();
  #index: AuditIndex | undefined;
  #sweeping: { stop(): void } | undefined;
  #working: Promise<void> | undefined;
  #isCurrent = false;
  #hasFailed = false;

  constructor(deps: IndexKeeperDeps) {
    this.#deps = deps;
  }

  /** Returns at once: an index that is made anew takes its time. */
  async start(): Promise<void> {
    void this.catchUp();
    this.#sweeping = this.#deps.sweep(() => void this.catchUp());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    this.#stopping.abort();
    await this.#working;
    this.#index?.close();
    this.#index = undefined;
  }

  /** Takes what is new; whoever asks meanwhile waits for the same. */
  catchUp(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  /** The decision about a call, from the disk. What came after the last look is not found. */
  async find(referenceId: string): Promise<DecisionEntry | undefined> {
    try {
      return await findDecision(this.#index, this.#deps.directory, referenceId);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Whether a certificate was ever issued to this name; undefined until the index has come to the end once. */
  isNameKnown(spiffeId: string): boolean | undefined {
    if (!this.#isCurrent) return undefined;
    try {
      return this.#index?.find.isNameKnown(spiffeId);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  async #work(): Promise<void> {
    const { directory, durable } = this.#deps;
    const { signal } = this.#stopping;
    try {
      this.#index ??= AuditIndex.open(directory.index);
      await catchUp(this.#index, () => listSegments(directory.segments), { end: durable(), signal });
      if (this.#hasFailed) this.#deps.logger.info("the audit index works again");
      this.#hasFailed = false;
      this.#isCurrent = true;
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** The next look opens it again; one that is damaged is made anew then. */
  #fail(error: unknown): void {
    const { directory, logger } = this.#deps;
    if (!this.#hasFailed)
      logger.warn("the audit index can not be used; certificates are issued all the same", { error });
    this.#hasFailed = true;
    this.#isCurrent = false;
    this.#index?.close();
    this.#index = undefined;
    try {
      if (isDamaged(error)) removeIndex(directory.index);
    } catch (cause) {
      logger.debug("the damaged audit index could not be removed", { error: cause });
    }
  }
}
