import { type Component, type Logger, type Sweep, storageFailure } from "@kasbah/runtime";

export interface StateTroubleDeps {
  /** Writes the current state again. Rejects while the state cannot be written. */
  readonly rewrite: () => Promise<unknown>;
  /** When to look whether the state can be written again. */
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/**
 * Notices that the control state cannot be written, for example on a full disk, so that the CA is not ready from
 * the first refused certificate on. An unready CA gets no requests, so it writes again by itself to find out when
 * the failure ends.
 */
export class StateTrouble implements Component {
  readonly name = "control state";
  readonly #deps: StateTroubleDeps;
  #reason: string | undefined;
  #refuses = false;
  #sweeping: { stop(): void } | undefined;
  #probing: Promise<void> | undefined;

  constructor(deps: StateTroubleDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#sweeping = this.#deps.sweep(() => void this.probe());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#probing;
  }

  /** The reasons why certificates cannot be issued now. */
  troubles(): readonly string[] {
    return this.#reason === undefined || !this.#refuses ? [] : [`state: cannot be written: ${this.#reason}`];
  }

  /** A state that cannot be written does not yet keep the CA from issuing. */
  warnings(): readonly string[] {
    if (this.#reason === undefined || this.#refuses) return [];
    return [
      `state: cannot be written: ${this.#reason}: rotations wait, and kasbah authority can change nothing`,
    ];
  }

  /** A transition failed, which the caller logs. */
  transitionFailed(error: unknown): void {
    this.#reason = storageFailure(error);
  }

  failed(error: unknown): void {
    if (!this.#refuses) {
      this.#deps.logger.error("cannot write the control state; certificate requests are refused", { error });
    }
    this.#reason = storageFailure(error);
    this.#refuses = true;
  }

  succeeded(): void {
    if (this.#reason !== undefined) this.#deps.logger.info("the control state can be written again");
    this.#reason = undefined;
    this.#refuses = false;
  }

  /** Concurrent calls share one attempt. */
  probe(): Promise<void> {
    if (this.#reason === undefined) return Promise.resolve();
    this.#probing ??= this.#deps
      .rewrite()
      .then(
        () => this.succeeded(),
        (error: unknown) => {
          this.#reason = storageFailure(error);
        },
      )
      .finally(() => {
        this.#probing = undefined;
      });
    return this.#probing;
  }
}
