import type { Component, Logger, Sweep } from "@kasbah/runtime";
import type { DecisionEntry } from "../entry/entry.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import type { EntryIndex, Holder, NewestOfName } from "../ports.ts";
import { listSegments } from "../segments/list.ts";
import { AuditIndex } from "./audit-index.ts";
import { catchUp, takeNew } from "./catch-up.ts";
import { isDamaged, removeIndex } from "./file.ts";
import { findDecision } from "./find-decision.ts";
import { findHolders } from "./find-holders.ts";
import { readSerials } from "./read-serials.ts";
import { RecentLines } from "./recent-lines.ts";
import { secondOf } from "./rows.ts";

export interface IndexKeeperDeps {
  readonly directory: LedgerDirectory;
  /** The number of durable entries. Later ones may still be truncated. */
  readonly durable: () => number;
  /** Triggers the search for new entries. */
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/** How many runs in a row may trust that the segments have not changed. */
const mostQuickRuns = 60;

/**
 * Keeps the index of a running CA up to date with its ledger. Issuance never waits for it, and continues if
 * it fails.
 */
export class IndexKeeper implements EntryIndex, Component {
  readonly name = "audit index";
  readonly #deps: IndexKeeperDeps;
  readonly #stopping = new AbortController();
  readonly #recent = new RecentLines();
  #index: AuditIndex | undefined;
  #sweeping: { stop(): void } | undefined;
  #working: Promise<void> | undefined;
  #isCurrent = false;
  #quickRuns = 0;
  #hasFailed = false;

  constructor(deps: IndexKeeperDeps) {
    this.#deps = deps;
  }

  /** Returns immediately, because recreating an index takes time. */
  async start(): Promise<void> {
    void this.catchUp();
    this.#sweeping = this.#deps.sweep(() => void this.#run(() => this.#follow()));
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    this.#stopping.abort();
    await this.#working;
    this.#index?.close();
    this.#index = undefined;
  }

  /** Takes entries as soon as they are durable, so that the next run need not read them. */
  note(...batch: Parameters<RecentLines["note"]>): void {
    this.#recent.note(...batch);
  }

  /** Adds new entries. Concurrent callers share one run. */
  catchUp(): Promise<void> {
    return this.#run(() => this.#work());
  }

  /** Finds the decision about a call on disk. Entries since the last run are not found. */
  async find(callName: string): Promise<DecisionEntry | undefined> {
    try {
      return await findDecision(this.#index, this.#deps.directory, callName);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Whether a certificate was ever issued to this name; undefined until the index has caught up once. */
  isNameKnown(spiffeId: string): boolean | undefined {
    if (!this.#isCurrent) return undefined;
    try {
      return this.#index?.find.isNameKnown(spiffeId);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  newestOfNames(now: Date): Iterable<readonly NewestOfName[]> | undefined {
    return this.#isCurrent ? this.#index?.find.newestOfNames(secondOf(now.getTime())) : undefined;
  }

  async serialsAt(indices: readonly number[]): Promise<readonly (string | undefined)[]> {
    try {
      return await readSerials(this.#index, this.#deps.directory.segments, indices);
    } catch (error) {
      this.#fail(error);
      return indices.map(() => undefined);
    }
  }

  async holders(authorities: ReadonlySet<string>, now: Date): Promise<readonly Holder[]> {
    await this.catchUp();
    const index = this.#index;
    if (index === undefined || !this.#isCurrent) throw new Error("the audit index cannot be used now");
    return await findHolders(index, this.#deps.directory.segments, authorities, now);
  }

  #run(work: () => Promise<void>): Promise<void> {
    this.#working ??= work().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  /** Adds what was noted. Whether the index still matches the segments, and what retention has deleted, can wait. */
  async #follow(): Promise<void> {
    this.#quickRuns += 1;
    if (this.#quickRuns > mostQuickRuns || !(await this.#addRecent())) await this.#work();
  }

  /** False if that was not possible. */
  async #addRecent(): Promise<boolean> {
    const index = this.#isCurrent ? this.#index : undefined;
    const { durable } = this.#deps;
    try {
      if (index === undefined || this.#recent.from(index.size) === undefined) return false;
      return await takeNew(index, [], this.#options(durable()));
    } catch {
      return this.#stopping.signal.aborted;
    }
  }

  #options(end: number) {
    const recent = (index: number) => this.#recent.from(index);
    return { end, signal: this.#stopping.signal, recent };
  }

  async #work(): Promise<void> {
    this.#quickRuns = 0;
    const { directory, durable } = this.#deps;
    const { signal } = this.#stopping;
    try {
      this.#index ??= AuditIndex.open(directory.index);
      await catchUp(this.#index, () => listSegments(directory.segments), this.#options(durable()));
      if (this.#hasFailed) this.#deps.logger.info("the audit index has recovered");
      this.#hasFailed = false;
      this.#isCurrent = true;
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** The next run opens the index again, or recreates it if it is damaged. */
  #fail(error: unknown): void {
    const { directory, logger } = this.#deps;
    if (!this.#hasFailed) logger.warn("cannot use the audit index; certificates are still issued", { error });
    this.#hasFailed = true;
    this.#isCurrent = false;
    this.#index?.close();
    this.#index = undefined;
    try {
      if (isDamaged(error)) removeIndex(directory.index);
    } catch (cause) {
      logger.debug("cannot remove the damaged audit index", { error: cause });
    }
  }
}
