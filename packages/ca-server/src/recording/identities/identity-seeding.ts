import { setImmediate } from "node:timers/promises";
import type { EntryIndex } from "@kasbah/ledger";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LiveIdentities } from "./live-identities.ts";

export interface IdentitySeedingDeps {
  readonly index: Pick<EntryIndex, "catchUp" | "newestOfNames">;
  readonly identities: Pick<LiveIdentities, "found" | "seeded">;
  /** When to try again if the index could not be read. */
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reads the live identities of the ledger once after the start, in small parts, so that no caller waits for it. */
export class IdentitySeeding implements Component {
  readonly name = "live identities of the ledger";
  readonly #deps: IdentitySeedingDeps;
  #isStopping = false;
  #isDone = false;
  #hasFailed = false;
  #sweeping: { stop(): void } | undefined;
  #working: Promise<void> | undefined;

  constructor(deps: IdentitySeedingDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#tryAgain();
    this.#sweeping = this.#deps.sweep(() => this.#tryAgain());
  }

  /** Waits for nothing: the index, which may be busy for long, stops after this. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#sweeping?.stop();
  }

  /** Resolves when the current attempt has ended. */
  async settled(): Promise<void> {
    await this.#working;
  }

  #tryAgain(): void {
    if (this.#isDone || this.#isStopping) return;
    this.#working ??= this.#seed().finally(() => {
      this.#working = undefined;
    });
  }

  async #seed(): Promise<void> {
    const { index, identities, clock, logger } = this.#deps;
    try {
      await index.catchUp();
      const batches = index.newestOfNames(clock.now());
      if (batches === undefined) return;
      for (const batch of batches) {
        if (this.#isStopping) return;
        identities.found(batch);
        await setImmediate();
      }
      identities.seeded();
      this.#isDone = true;
    } catch (error) {
      if (this.#isStopping) return;
      if (!this.#hasFailed) logger.warn("cannot read the live identities of the ledger", { error });
      this.#hasFailed = true;
    }
  }
}
