import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ServerLimits } from "../limits.ts";
import { peerCertificatesOf } from "./peer-certificates.ts";

export interface ConnectionGuardOptions {
  readonly limits: ServerLimits;
  /** Hands an admitted connection to the server. */
  readonly inject: (socket: Socket) => void;
  /**
   * Whether calls of this path may last. Such calls do not protect their connection from being closed for a
   * new one.
   */
  readonly mayLast?: (path: string) => boolean;
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly firstRequest: NodeJS.Timeout;
  /** Set by the first request, and the same for all later ones. */
  tls: Pick<TLSSocket, "getPeerX509Certificate"> | undefined;
  certificates: readonly Uint8Array[] | undefined;
  openStreams: number;
}

/**
 * Node announces each request on this channel before any handler runs: the only documented way to its TLS
 * socket.
 */
const streamStart = "http2.server.stream.start";

/** Time to send the trailers of an answer, because Node reports a stream as finished before they are sent. */
const lingerMs = 1_000;

/**
 * Works below HTTP/2: admits TCP connections within the limits, closes silent and idle ones, and keeps the
 * certificates that each peer presented.
 */
export class ConnectionGuard {
  readonly #options: ConnectionGuardOptions;
  readonly #connections = new Map<string, Connection>();
  /** The connection that has been idle longest is first. */
  readonly #idle = new Set<Connection>();
  readonly #perAddress = new Map<string, number>();
  #openStreams = 0;
  #onClosed: () => void = () => {};

  constructor(options: ConnectionGuardOptions) {
    this.#options = options;
    subscribe(streamStart, this.#onStream);
  }

  /** The number of open connections. */
  get size(): number {
    return this.#connections.size;
  }

  admit(socket: Socket): void {
    const { remoteAddress: address, remotePort } = socket;
    // The socket was closed before it was accepted.
    if (address === undefined) return void socket.destroy();
    socket.on("error", () => socket.destroy());
    if (!this.#hasRoomFor(address)) return void socket.destroy();
    const { limits, inject } = this.#options;
    const connection: Connection = {
      socket,
      address,
      firstRequest: setTimeout(() => socket.destroy(), limits.firstRequestTimeoutMs),
      tls: undefined,
      certificates: undefined,
      openStreams: 0,
    };
    const peer = `${address}:${remotePort}`;
    // The kernel reuses a port as soon as its last connection is closed, possibly before that is noticed
    // here.
    this.#connections.get(peer)?.socket.destroy();
    this.#connections.set(peer, connection);
    this.#idle.add(connection);
    this.#perAddress.set(address, this.#countOf(address) + 1);
    socket.once("close", () => this.#forget(peer, connection));
    inject(socket);
  }

  /**
   * The certificates that the peer `address:port` presented in its handshake, leaf first, in DER. They may be
   * unverified.
   */
  peerCertificates(peer: string): readonly Uint8Array[] {
    const connection = this.#connections.get(peer);
    if (connection?.tls === undefined) return [];
    connection.certificates ??= peerCertificatesOf(connection.tls);
    return connection.certificates;
  }

  /** Resolves when no call is in progress and the answers have been sent. */
  async drained(): Promise<void> {
    if (this.#openStreams === 0) return;
    await new Promise<void>((resolve) => {
      this.#onClosed = () => {
        if (this.#openStreams === 0) resolve();
      };
    });
    await this.#emptiedWithin(lingerMs);
  }

  /** Closes all remaining connections. */
  close(): void {
    unsubscribe(streamStart, this.#onStream);
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  #emptiedWithin(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onClosed = () => {
        if (this.#connections.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onClosed();
    });
  }

  #hasRoomFor(address: string): boolean {
    const { maxConnections, maxConnectionsPerAddress: perAddress } = this.#options.limits;
    if (perAddress > 0 && this.#countOf(address) >= perAddress) return false;
    if (this.#connections.size < maxConnections) return true;
    const [idlest] = this.#idle;
    if (idlest === undefined) return false;
    this.#idle.delete(idlest);
    idlest.socket.destroy();
    return true;
  }

  #countOf(address: string): number {
    return this.#perAddress.get(address) ?? 0;
  }

  #forget(peer: string, connection: Connection): void {
    clearTimeout(connection.firstRequest);
    if (this.#connections.get(peer) === connection) this.#connections.delete(peer);
    this.#idle.delete(connection);
    const left = this.#countOf(connection.address) - 1;
    if (left > 0) this.#perAddress.set(connection.address, left);
    else this.#perAddress.delete(connection.address);
    this.#onClosed();
  }

  /**
   * Receives the streams of every server in the process; the two ends of the connection identify this
   * server's.
   */
  readonly #onStream = (message: unknown): void => {
    const { stream, headers } = message as StreamStart;
    const socket = stream.session?.socket as TLSSocket | undefined;
    const connection = this.#connections.get(`${socket?.remoteAddress}:${socket?.remotePort}`);
    if (connection === undefined || connection.socket.localPort !== socket?.localPort) return;
    clearTimeout(connection.firstRequest);
    connection.tls = socket;
    this.#openStreams += 1;
    stream.once("close", () => {
      this.#openStreams -= 1;
      this.#onClosed();
    });
    if (this.#options.mayLast?.(String(headers[":path"]))) return;
    connection.openStreams += 1;
    this.#idle.delete(connection);
    const late = this.#endWhenLate(stream);
    stream.once("finish", () => endLater(stream));
    stream.once("close", () => {
      clearTimeout(late);
      connection.openStreams -= 1;
      if (connection.openStreams === 0 && !connection.socket.destroyed) this.#idle.add(connection);
    });
  };

  /**
   * Without this, a client that never opens its flow-control window would keep its connection busy after the
   * call's time limit.
   */
  #endWhenLate(stream: ServerHttp2Stream): NodeJS.Timeout | undefined {
    const { callTimeoutMs } = this.#options.limits;
    if (!Number.isFinite(callTimeoutMs)) return undefined;
    return setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), callTimeoutMs + lingerMs);
  }
}

/** Node's announcement of a new stream. */
interface StreamStart {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Resets a stream whose client does not end its request after the answer, with NO_ERROR as RFC 9113 §8.1
 * requires. Otherwise even an unauthenticated client could keep its connection busy.
 */
function endLater(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), lingerMs);
  stream.once("close", () => clearTimeout(timer));
}
