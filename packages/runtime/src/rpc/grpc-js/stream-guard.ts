import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { GuardedConnection } from "../../connections/connection.ts";
import type { ConnectionGuard } from "../../connections/connection-guard.ts";
import type { ServerLimits } from "../limits.ts";
import { peerCertificatesOf } from "./peer-certificates.ts";

export interface StreamGuardOptions {
  readonly connections: ConnectionGuard;
  readonly limits: Pick<ServerLimits, "callTimeoutMs" | "maxOpenStreams">;
  /** Whether calls of this path may last, so that no time limit applies. */
  readonly mayLast?: (path: string) => boolean;
}

/**
 * Node announces each request on this channel before any handler runs: the only documented way to its TLS
 * socket.
 */
const streamStart = "http2.server.stream.start";

/** Time to send the trailers of an answer, because Node reports a stream as finished before they are sent. */
const lingerMs = 1_000;
/** Beyond it, the oldest answered stream is reset: its client has had a chance to read the answer. */
const maxLingering = 1_000;

/** A TLS connection, and what its peer presented. */
interface TlsPeer {
  readonly connection: GuardedConnection;
  readonly tls: Pick<TLSSocket, "getPeerX509Certificate">;
  certificates: readonly Uint8Array[] | undefined;
  openStreams: number;
}

/**
 * Watches the streams of a server's connections: ends those that exceed their time, counts them for a drain, and
 * keeps the certificates that each peer presented.
 */
export class StreamGuard {
  readonly #options: StreamGuardOptions;
  readonly #peers = new WeakMap<GuardedConnection, TlsPeer>();
  /** Of this server's sessions, so that only the first stream of each looks for its connection. */
  readonly #sessions = new WeakMap<Http2Session, TlsPeer>();
  readonly #lingering = new Map<ServerHttp2Stream, NodeJS.Timeout>();
  #openStreams = 0;
  #onClosed: () => void = () => {};

  constructor(options: StreamGuardOptions) {
    this.#options = options;
    subscribe(streamStart, this.#onStream);
  }

  /**
   * The certificates that the peer `address:port` presented in its handshake, leaf first, in DER. They may be
   * unverified.
   */
  peerCertificates(address: string): readonly Uint8Array[] {
    const connection = this.#options.connections.find(address);
    const peer = connection && this.#peers.get(connection);
    if (peer === undefined) return [];
    peer.certificates ??= peerCertificatesOf(peer.tls);
    return peer.certificates;
  }

  /** Resolves when no call is in progress and the answers have been sent. */
  async drained(): Promise<void> {
    if (this.#openStreams === 0) return;
    await new Promise<void>((resolve) => {
      this.#onClosed = () => {
        if (this.#openStreams === 0) resolve();
      };
    });
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, lingerMs);
    await Promise.race([this.#options.connections.emptied(), late.promise]);
    clearTimeout(timer);
  }

  close(): void {
    unsubscribe(streamStart, this.#onStream);
  }

  /**
   * Receives the streams of every server in the process; the two ends of the connection identify this
   * server's.
   */
  readonly #onStream = (message: unknown): void => {
    const { stream, headers } = message as StreamStart;
    const { session } = stream;
    const peer = session && (this.#sessions.get(session) ?? this.#findPeer(session));
    if (peer === undefined || peer.connection.isClosed) return;
    const { connection } = peer;
    connection.used();
    this.#openStreams += 1;
    peer.openStreams += 1;
    stream.once("close", () => {
      if (peer.openStreams > 0) this.#endStreams(peer, 1);
      connection.used();
      connection.settled();
    });
    stream.once("finish", () => this.#linger(stream));
    if (!this.#options.mayLast?.(String(headers[":path"]))) this.#endWhenLate(stream);
    this.#limitStreams();
  };

  #findPeer(session: Http2Session): TlsPeer | undefined {
    const socket = session.socket as TLSSocket;
    const connection = this.#options.connections.find(`${socket.remoteAddress}:${socket.remotePort}`);
    if (connection === undefined || connection.socket.localPort !== socket.localPort) return undefined;
    const peer = this.#peers.get(connection) ?? this.#addPeer(connection, socket);
    this.#sessions.set(session, peer);
    return peer;
  }

  /**
   * The streams of a closed connection end later, one by one. Until then they must not count, or other connections would
   * be closed for them.
   */
  #addPeer(connection: GuardedConnection, tls: TLSSocket): TlsPeer {
    const peer: TlsPeer = { connection, tls, certificates: undefined, openStreams: 0 };
    this.#peers.set(connection, peer);
    connection.onClosed(() => this.#endStreams(peer, peer.openStreams));
    return peer;
  }

  #endStreams(peer: TlsPeer, count: number): void {
    peer.openStreams -= count;
    this.#openStreams -= count;
    this.#onClosed();
  }

  /** A stream takes memory even if it is refused, so a crowd of connections could fill it with a hundred each. */
  #limitStreams(): void {
    if (this.#openStreams <= this.#options.limits.maxOpenStreams) return;
    this.#options.connections.closeHeaviest((connection) => this.#peers.get(connection)?.openStreams ?? 0);
  }

  /**
   * Without this, a client that never opens its flow-control window would keep its call after its time limit.
   */
  #endWhenLate(stream: ServerHttp2Stream): void {
    const { callTimeoutMs } = this.#options.limits;
    if (!Number.isFinite(callTimeoutMs)) return;
    const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), callTimeoutMs + lingerMs);
    stream.once("close", () => clearTimeout(late));
  }

  /**
   * Resets a stream whose client does not end its request after the answer, with NO_ERROR as RFC 9113 §8.1
   * requires. Otherwise even an unauthenticated client could keep streams open. If the request has ended, only the
   * trailers are missing: a reset would take the answer from a client that did everything right.
   */
  #linger(stream: ServerHttp2Stream): void {
    if (stream.destroyed || hasEnded(stream)) return;
    const end = () => {
      if (!hasEnded(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
    };
    this.#lingering.set(stream, setTimeout(end, lingerMs));
    stream.once("close", () => {
      clearTimeout(this.#lingering.get(stream));
      this.#lingering.delete(stream);
    });
    const [oldest] = this.#lingering.size > maxLingering ? this.#lingering.keys() : [];
    oldest?.close(constants.NGHTTP2_NO_ERROR);
  }
}

/** Whether the client has ended its request. */
function hasEnded({ state }: ServerHttp2Stream): boolean {
  return state.remoteClose === 1;
}

/** Node's announcement of a new stream. */
interface StreamStart {
  readonly stream: ServerHttp2Stream;
  readonly headers: Readonly<Record<string, unknown>>;
}
