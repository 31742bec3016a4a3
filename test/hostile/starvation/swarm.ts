import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectTls } from "node:tls";
import type { TlsTarget } from "../http2/raw-connection.ts";

export interface SwarmOptions {
  readonly target: TlsTarget;
  readonly connections: number;
  /** The address of the attacker's nth connection. */
  readonly addressOf: (index: number) => string;
  /** Calls on each connection; each is opened again when the server ends it. */
  readonly streams: number;
  readonly headers: OutgoingHttpHeaders;
  /** The body of each call. If undefined, the call sends its headers only, and never ends. */
  readonly body?: Buffer;
  /** Keeps a connection idle after its calls, instead of calling again. */
  readonly callsOnce?: boolean;
  /** The flow-control window that the client grants for answers. */
  readonly window?: number;
}

const pauseMs = 500;

/** Many connections of one attacker, opened again whenever the server closes them, until it is stopped. */
export class Swarm {
  readonly #options: SwarmOptions;
  readonly #sessions = new Set<ClientHttp2Session>();
  #isStopped = false;

  constructor(options: SwarmOptions) {
    this.#options = options;
    for (let index = 0; index < options.connections; index += 1) this.#dial(index);
  }

  stop(): void {
    this.#isStopped = true;
    for (const session of this.#sessions) session.destroy();
  }

  #dial(index: number): void {
    const { target, addressOf, streams, window = 65_535 } = this.#options;
    const { port, rootPem: ca } = target;
    const socket = connectTls({
      ...{ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"] },
      localAddress: addressOf(index),
    } as never);
    const settings = { initialWindowSize: window };
    const session = connect(`https://127.0.0.1:${port}`, { createConnection: () => socket, settings });
    this.#sessions.add(session);
    socket.on("error", () => {});
    session.on("error", () => {});
    session.once("connect", () => {
      for (let count = 0; count < streams; count += 1) this.#call(session);
    });
    session.once("close", () => {
      this.#sessions.delete(session);
      if (!this.#isStopped) setTimeout(() => this.#dial(index), pauseMs);
    });
  }

  #call(session: ClientHttp2Session): void {
    if (this.#isStopped || session.destroyed || session.closed) return;
    const { headers, body, callsOnce = false } = this.#options;
    const fixed = { ":method": "POST", te: "trailers", "content-type": "application/grpc" };
    const stream = session.request({ ...fixed, ...headers });
    stream.on("error", () => {});
    stream.resume();
    if (body !== undefined) stream.end(body);
    if (!callsOnce) stream.once("close", () => setTimeout(() => this.#call(session), pauseMs));
  }
}
