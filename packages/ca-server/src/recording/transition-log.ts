import { type AuthorityEntry, type EntryLog, encodeEntry, entryVersion } from "@kasbah/ledger";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { AuthorityState } from "../authorities/rotation/authority-state.ts";

export interface TransitionLogDeps {
  readonly log: Pick<EntryLog, "append">;
  readonly state: () => AuthorityState;
  /** When to retry a transition that could not be recorded: every minute. */
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Standing = Pick<AuthorityEntry, "authority" | "fingerprint" | "stage" | "signs">;

/**
 * Records which authorities sign and which are trusted: all of them when the CA starts, because it may have
 * stopped in the middle of a transition, and then each one that changes.
 */
export class TransitionLog implements Component {
  readonly name = "transition log";
  readonly #deps: TransitionLogDeps;
  readonly #recorded = new Map<string, Standing>();
  #sweeping: { stop(): void } | undefined;
  #recording: Promise<void> = Promise.resolve();

  constructor(deps: TransitionLogDeps) {
    this.#deps = deps;
  }

  /** Resolves after the attempt to record the current state. The CA starts even if the disk is full. */
  async start(): Promise<void> {
    this.changed();
    await this.#recording;
    this.#sweeping = this.#deps.sweep(() => this.changed());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#recording;
  }

  /** Resolves when everything in progress is done. */
  settled(): Promise<void> {
    return this.#recording;
  }

  /** Must be called after each transition. If recording fails, the next sweep retries it. */
  changed(): void {
    this.#recording = this.#recording.then(() =>
      this.#record().catch((error: unknown) => {
        this.#deps.logger.warn("cannot record a transition of the authorities yet", { error });
      }),
    );
  }

  async #record(): Promise<void> {
    const { log, state, clock } = this.#deps;
    const { epoch, ...authorities } = state();
    for (const standing of standings(authorities)) {
      const before = this.#recorded.get(standing.authority);
      if (before?.stage === standing.stage && before.signs === standing.signs) continue;
      const time = clock.now().toISOString();
      const entry = {
        v: entryVersion,
        kind: "authority",
        time,
        ...standing,
        from: before?.stage,
        epoch,
      } as const;
      await log.append(encodeEntry(entry));
      this.#recorded.set(standing.authority, standing);
    }
  }
}

function standings({
  authorities,
  signerId,
}: Pick<AuthorityState, "authorities" | "signerId">): readonly Standing[] {
  return authorities.map(({ id, stage, certificate }) => ({
    authority: id,
    fingerprint: certificate.fingerprint,
    stage,
    signs: id === signerId,
  }));
}
