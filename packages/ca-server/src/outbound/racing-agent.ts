import { lookup as systemLookup } from "node:dns";
import { Agent, type RequestOptions } from "node:https";
import type { LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { attemptOf, type ResolveAll, serverNameOf, TlsDial } from "@kasbah/runtime";

type Connected = (error: Error | null, socket: Duplex) => void;

/** Longer than any exchange waits: its own signal ends the wait. */
const giveUpMs = 30_000;

/**
 * The connection of one exchange, to whichever address of the server's name answers first. Node's own agent aborts
 * each address but the last after half a second, and a slow link takes longer. Agents that keep connections cannot
 * work like this, because Node does not count a connection that is still being opened.
 */
export class RacingAgent extends Agent {
  readonly #withinMs: number;
  readonly #stopping = new AbortController();

  /** @param withinMs the time that the exchange has */
  constructor(withinMs: number) {
    super({ keepAlive: false });
    this.#withinMs = withinMs;
  }

  override createConnection(options: RequestOptions, connected?: Connected): Duplex | null | undefined {
    const { host, servername, lookup = systemLookup as LookupFunction } = options;
    if (typeof host !== "string" || connected === undefined)
      return super.createConnection(options, connected);
    const name = servername === undefined ? {} : { servername: serverNameOf(servername) };
    const dial = new TlsDial({
      host,
      open: (address) => attemptOf(this.#open({ ...options, ...name, host: address })),
      resolve: resolverFrom(lookup),
      ...{ giveUpMs, withinMs: this.#withinMs },
    });
    dial.run(this.#stopping.signal).then(
      (socket) => connected(null, socket),
      (error: Error) => connected(error, undefined as never),
    );
    return undefined;
  }

  override destroy(): void {
    this.#stopping.abort(new Error("the exchange is over"));
    super.destroy();
  }

  #open(options: RequestOptions): TLSSocket {
    const socket = super.createConnection(options);
    if (!(socket instanceof TLSSocket)) throw new TypeError("the agent of node:https opens TLS connections");
    return socket;
  }
}

function resolverFrom(lookup: LookupFunction): ResolveAll {
  return (host) =>
    new Promise((resolve, reject) => {
      lookup(host, { all: true }, (error, found) => {
        if (error) reject(error);
        else resolve(Array.isArray(found) ? found : []);
      });
    });
}
