import { once } from "node:events";
import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import type { GuardedConnection } from "../../connections/connection.ts";
import { ConnectionGuard } from "../../connections/connection-guard.ts";
import { defaultLimits, type ServerLimits } from "../limits.ts";
import type { Route } from "../route.ts";
import type { RpcServerOptions } from "../server-options.ts";
import { grpcStatus } from "../status.ts";
import type { TransportFault } from "../transport-fault.ts";
import type { UnixServer } from "../unix-socket/unix-socket.ts";
import { answer, answerAtOnce } from "./answer.ts";
import { HarmlessConnection } from "./harmless-authority/harmless-connection.ts";
import { httpRefusalOf, parseRequestHead } from "./request-head.ts";
import { ServerCall } from "./server-call.ts";
import { WireFault } from "./wire-fault.ts";

/** In MB: how many headers and data Node buffers for one session before it refuses streams. */
const maxSessionMemoryMb = 10;

/** Only processes that the permissions of the socket admit can connect, so these limit faulty ones. */
const localLimits: ServerLimits = {
  ...defaultLimits,
  maxConnections: 1_024,
  maxStreams: 8_192,
  bodyTimeoutMs: 10_000,
};

/** Serves routes by gRPC over cleartext HTTP/2 on Unix sockets, on Node's HTTP/2 alone. */
export class Http2Server implements UnixServer {
  readonly #options: RpcServerOptions;
  readonly #limits: ServerLimits;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #listeners = new Set<Server>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #connections: ConnectionGuard;
  /** The number of open streams of each streaming route. */
  readonly #streams = new Map<Route, number>();
  #inFlight = 0;
  #isClosed = false;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#limits = { ...localLimits, ...options.limits };
    this.#connections = new ConnectionGuard({ limits: this.#limits, isLocal: true });
    this.#routes = new Map(options.routes.map((route) => [route.path, route]));
  }

  /** The number of open streams, long-lived ones included. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Binds and serves; the permissions of the socket's directory decide who may connect. A second call adds
   * another socket.
   */
  async listenUnix(path: string): Promise<void> {
    const listener = createServer((socket) => this.#accept(socket));
    listener.listen(path);
    await once(listener, "listening");
    listener.on("error", (error) => this.#options.onAcceptError?.(error));
    this.#listeners.add(listener);
  }

  /**
   * Rejects new calls, lets the calls in progress finish for at most `graceMs`, then closes all connections.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.close();
    const cut = setTimeout(() => {
      // Destroys the sockets: a session that was closed gracefully would wait until its client hangs up as
      // well.
      this.#connections.close();
    }, graceMs);
    for (const session of this.#sessions) session.close();
    await this.#connections.emptied();
    clearTimeout(cut);
  }

  #accept(socket: Socket): void {
    if (this.#isClosed) return void socket.destroy();
    const connection = this.#connections.admit(socket);
    if (connection === undefined) return;
    const { maxHeaderBytes, maxConcurrentStreams, resetBurst } = this.#limits;
    const peer = new HarmlessConnection(socket, (fault) => this.#onFault(fault));
    const session = performServerHandshake(peer, {
      settings: { maxHeaderListSize: maxHeaderBytes, maxConcurrentStreams, enablePush: false },
      maxSessionMemory: maxSessionMemoryMb,
      streamResetBurst: resetBurst,
      streamResetRate: Math.max(1, Math.ceil(resetBurst / 10)),
    });
    this.#sessions.add(session);
    // A peer that violates HTTP/2 or disappears only ends its own session.
    session.on("error", () => {});
    session.once("close", () => this.#sessions.delete(session));
    connection.onClosed(() => session.destroy());
    session.on("stream", (stream, headers, _flags, rawHeaders) => {
      peer.seen(stream.id);
      this.#serve(connection, stream, headers, rawHeaders);
    });
  }

  /** A server that stops refuses new streams on purpose. */
  #onFault(fault: TransportFault): void {
    if (!this.#isClosed) this.#options.onTransportFault?.(fault);
  }

  #serve(
    connection: GuardedConnection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): void {
    stream.on("error", () => {});
    connection.used();
    this.#inFlight += 1;
    stream.once("close", () => {
      this.#inFlight -= 1;
    });
    const refusal = httpRefusalOf(headers);
    if (refusal !== undefined) {
      answerAtOnce(stream, { ":status": refusal });
      return;
    }
    try {
      const head = parseRequestHead(headers, this.#routes);
      this.#count(head.route, stream);
      const { maxRequestBytes, callTimeoutMs, bodyTimeoutMs } = this.#limits;
      const toStatus = (error: unknown) => this.#options.toStatus(error, head.route.path);
      const metadata = (name: string) => valuesOf(rawHeaders, name);
      // Secrets may not change for days, so a quiet stream is no idle one.
      const onFirstMessage = () => void stream.once("close", connection.hold());
      const limits = { maxRequestBytes, callTimeoutMs, bodyTimeoutMs };
      void new ServerCall(stream, { head, metadata, ...limits, onFirstMessage, toStatus }).run();
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      answer(stream, error.status);
    }
  }

  /** Throws a {@link WireFault} if too many streams of the route are open. */
  #count(route: Route, stream: ServerHttp2Stream): void {
    if (route.kind !== "stream") return;
    const open = this.#streams.get(route) ?? 0;
    if (open >= this.#limits.maxStreams) {
      throw new WireFault(grpcStatus.RESOURCE_EXHAUSTED, "too many streams are open: use fewer");
    }
    this.#streams.set(route, open + 1);
    stream.once("close", () => this.#streams.set(route, (this.#streams.get(route) ?? 1) - 1));
  }
}

/** Returns each value of a text header separately, because Node joins or drops repeated headers. */
function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  if (name.startsWith(":") || name.endsWith("-bin")) return [];
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1] === name);
}
