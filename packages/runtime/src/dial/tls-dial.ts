import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../clock.ts";
import { type Attempt, Race } from "./race.ts";
import { addressesOf, type ResolveAll } from "./resolve.ts";

export interface TlsDialOptions {
  readonly host: string;
  /** Opens a TLS connection to one IP address of the host. */
  readonly open: (address: string) => Attempt<TLSSocket>;
  /** After this time, no connection is of use. */
  readonly giveUpMs: number;
  /** The time within which the first caller needs the connection, if it is less: addresses are then tried faster. */
  readonly withinMs?: number;
  readonly resolve?: ResolveAll;
  readonly clock?: Clock;
}

/** Opens one TLS connection to a host, at whichever of its addresses answers first. */
export class TlsDial {
  readonly #options: TlsDialOptions;
  #race: Race<TLSSocket> | undefined;

  constructor(options: TlsDialOptions) {
    this.#options = options;
  }

  /** Rejects if no address can be used, after `giveUpMs`, or with the reason of `signal`. */
  async run(signal: AbortSignal): Promise<TLSSocket> {
    const { giveUpMs, clock = systemClock } = this.#options;
    signal.throwIfAborted();
    const settled = new AbortController();
    const late = clock.sleep(giveUpMs, settled.signal).then(() => {
      throw new Error(`no connection within ${giveUpMs} ms: ${this.describe()}`);
    });
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([this.#connect(settled.signal), late, stopped.promise]);
    } catch (error) {
      this.#race?.close(error);
      throw error;
    } finally {
      settled.abort();
      signal.removeEventListener("abort", stop);
    }
  }

  /** How far the connection has come, for the message of a call that gives up. */
  describe(): string {
    return this.#race?.describe() ?? `${this.#options.host}: the name is not resolved`;
  }

  async #connect(settled: AbortSignal): Promise<TLSSocket> {
    const { host, open, giveUpMs, resolve, clock = systemClock } = this.#options;
    const withinMs = Math.min(this.#options.withinMs ?? giveUpMs, giveUpMs);
    const addresses = await addressesOf(host, resolve);
    // The resolver cannot be stopped, and may answer after the dial has been given up.
    settled.throwIfAborted();
    this.#race = new Race({ addresses, open, withinMs, clock });
    return this.#race.run();
  }
}
