import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectTls } from "node:tls";
import type { TlsTarget } from "../http2/raw-connection.ts";

/** Where the attacker's connections come from; the good callers have 127.0.0.1. */
export type Addresses = "one address" | "2,000 addresses" | "the address of the good callers";

export const addressOf: Readonly<Record<Addresses, (index: number) => string>> = {
  "one address": () => "127.0.0.2",
  "2,000 addresses": (index) => `127.1.${Math.floor((index % 2_000) / 200)}.${(index % 200) + 1}`,
  "the address of the good callers": () => "127.0.0.1",
};

export interface SwarmOptions {
  readonly target: TlsTarget;
  readonly connections: number;
  /** Calls on each connection; each is opened again when the server ends it. */
  readonly streams: number;
  readonly headers: OutgoingHttpHeaders;
  /** The body of each call. If undefined, the call sends its headers only, and never ends. */
  readonly body?: Uint8Array;
  /** Keeps a connection idle after its calls, instead of calling again. */
  readonly callsOnce?: boolean;
  /** The flow-control window that the client grants for answers. */
  readonly window?: number;
}

const pauseMs = 500;
/** All at the same time would measure how fast the machine does TLS handshakes. */
const dialEveryMs = 4;

/** Many connections of one attacker, opened again whenever the server closes them. */
export class Swarm {
  readonly #options: SwarmOptions;
  readonly #addresses: Addresses;

  constructor(options: SwarmOptions, addresses: Addresses) {
    this.#options = options;
    this.#addresses = addresses;
    for (let index = 0; index < options.connections; index += 1) {
      setTimeout(() => this.#dial(index), index * dialEveryMs);
    }
  }

  #dial(index: number): void {
    const { target, streams, window = 65_535 } = this.#options;
    const { port, rootPem: ca } = target;
    const socket = connectTls({
      ...{ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"] },
      localAddress: addressOf[this.#addresses](index),
    } as never);
    const settings = { initialWindowSize: window };
    const session = connect(`https://127.0.0.1:${port}`, { createConnection: () => socket, settings });
    socket.on("error", () => {});
    session.on("error", () => {});
    session.once("connect", () => {
      for (let count = 0; count < streams; count += 1) this.#call(session);
    });
    session.once("close", () => {
      setTimeout(() => this.#dial(index), pauseMs);
    });
  }

  #call(session: ClientHttp2Session): void {
    if (session.destroyed || session.closed) return;
    const { headers, body, callsOnce = false } = this.#options;
    const fixed = { ":method": "POST", te: "trailers", "content-type": "application/grpc" };
    const stream = session.request({ ...fixed, ...headers });
    stream.on("error", () => {});
    stream.resume();
    if (body !== undefined) stream.end(Buffer.from(body));
    if (!callsOnce) stream.once("close", () => setTimeout(() => this.#call(session), pauseMs));
  }
}
