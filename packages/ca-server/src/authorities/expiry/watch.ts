import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { AuthorityState } from "../rotation/authority-state.ts";
import { expiryWarnings } from "./warnings.ts";

export interface ExpiryWatchDeps {
  readonly authorities: { readonly state: AuthorityState };
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

const repeatMs = 86_400_000;

/** Logs every authority that expires soon: when it reaches the next level, and then once a day. */
export class ExpiryWatch implements Component {
  readonly name = "expiry watch";
  readonly #deps: ExpiryWatchDeps;
  readonly #logged = new Map<string, Date>();
  #sweeping: { stop(): void } | undefined;

  constructor(deps: ExpiryWatchDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#sweeping = this.#deps.sweep(() => this.look());
    this.look();
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
  }

  look(): void {
    const { authorities, clock, logger } = this.#deps;
    const now = clock.now();
    const due = expiryWarnings(authorities.state, now).filter(({ id, level }) => {
      const last = this.#logged.get(`${id} ${level}`);
      return last === undefined || now.getTime() - last.getTime() >= repeatMs;
    });
    for (const { id, level, notAfter } of due) {
      this.#logged.set(`${id} ${level}`, now);
      logger[level]("authority expires soon and has no successor", { authority: id, notAfter });
    }
  }
}
