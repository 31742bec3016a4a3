import type { Socket, Server as TcpServer } from "node:net";
import {
  type ChannelOptions,
  logVerbosity,
  Server,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { HostPort } from "../../address.ts";
import { ConnectionGuard } from "../../connections/connection-guard.ts";
import type { FailedHandshake } from "../../connections/failed-handshake.ts";
import { HandshakeWatch } from "../../connections/handshake-watch.ts";
import { listenTcp } from "../../connections/tcp-listener.ts";
import { WaitingRoom } from "../../connections/waiting-room.ts";
import { defaultLimits, type ServerLimits } from "../limits.ts";
import type { Route } from "../route.ts";
import type { RpcServerOptions } from "../server-options.ts";
import type { RpcStatus } from "../status.ts";
import { CallGuard } from "./call-guard.ts";
import { createContext, type HandlerDeps, implementationOf } from "./handler.ts";
import { ServingCredentials, type ServingIdentity, tlsServersOf } from "./serving-credentials.ts";
import { StreamGuard } from "./stream-guard.ts";

export interface GrpcServerOptions extends RpcServerOptions {
  /**
   * Returns the status to refuse a unary call with before its body is decoded, given the number of calls that the
   * server works on.
   */
  refuseEarly?(path: string, inFlight: number): RpcStatus | undefined;
  /** Whether new connections may be served now; the others wait without TLS. The default is that they always may. */
  mayServeMore?(): boolean;
  /** Called for each connection or call that is ended in favor of a newer one. */
  onEvicted?(kind: "connection" | "call"): void;
  /** Called for each connection of an address group that ends before its first call. */
  onHandshakeFailure?(reason: FailedHandshake, group: string): void;
}

/** Serves routes over TLS on grpc-js. */
export class GrpcServer {
  readonly #server: Server;
  readonly #options: GrpcServerOptions;
  readonly #limits: ServerLimits;
  readonly #calls: CallGuard;
  #credentials: ServingCredentials | undefined;
  readonly #connections: ConnectionGuard;
  readonly #streams: StreamGuard;
  readonly #handshakes: HandshakeWatch;
  #room: WaitingRoom | undefined;
  #listener: TcpServer | undefined;

  constructor(options: GrpcServerOptions) {
    // It prints headers that it rejects, and with them the tokens and line feeds of clients.
    setLogVerbosity(logVerbosity.NONE);
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#connections = new ConnectionGuard({
      limits: this.#limits,
      onEvicted: () => options.onEvicted?.("connection"),
      onEnded: (connection, end) => this.#handshakes.ended(connection, end),
      onUnauthenticated: (group) => this.#room?.blame(group),
      onRoom: () => this.#room?.admit(),
    });
    this.#handshakes = new HandshakeWatch({
      find: (peer) => this.#connections.find(peer),
      handshakeTimeoutMs: this.#limits.handshakeTimeoutMs,
      onFailure: (reason, group) => options.onHandshakeFailure?.(reason, group),
    });
    this.#streams = new StreamGuard({
      connections: this.#connections,
      limits: this.#limits,
      mayLast: (path) => options.routes.some((route) => route.path === path && route.kind === "stream"),
    });
    this.#calls = this.#guardCalls(options);
    const interceptors = [this.#calls.intercept];
    this.#server = new Server({ ...channelOptionsOf(this.#limits), interceptors });
    this.#server.addService(definitionOf(options.routes), this.#implementations());
  }

  /** The number of unary calls that the server works on. */
  get inFlight(): number {
    return this.#calls.inFlight;
  }

  /** The number of unary calls that wait for their body, or for the verdict on their caller. */
  get waiting(): CallGuard["waiting"] {
    return this.#calls.waiting;
  }

  /** The number of long-lived streams. */
  get streams(): number {
    return this.#calls.streams;
  }

  /** The number of open TLS connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Binds and serves. Resolves to the address, with the port that the kernel chose if `port` is 0. */
  async listenTls(address: HostPort, identity: ServingIdentity): Promise<HostPort> {
    this.serveTls(identity);
    const { server, address: bound } = await listenTcp(address, {
      onSocket: (socket) => this.accept(socket),
      onAcceptError: (error) => this.#options.onAcceptError?.(error),
    });
    this.#listener = server;
    return bound;
  }

  /** Serves the connections that are passed to {@link accept}. */
  serveTls(identity: ServingIdentity): void {
    this.#credentials = new ServingCredentials(identity, this.#limits);
    const injector = this.#server.createConnectionInjector(this.#credentials);
    for (const server of tlsServersOf(this.#server)) this.#handshakes.follow(server);
    const room = new WaitingRoom({
      guard: this.#connections,
      max: this.#limits.maxWaitingConnections,
      firstByteTimeoutMs: this.#limits.handshakeTimeoutMs,
      serve: (connection) => {
        this.#handshakes.begins(connection);
        injector.injectConnection(connection.socket);
      },
      isOpen: () => this.#options.mayServeMore?.() ?? true,
      onEvicted: () => this.#options.onEvicted?.("connection"),
      onLeft: (reason, group) => this.#options.onHandshakeFailure?.(reason, group),
    });
    this.#room = room;
  }

  /** Serves a connection from which nothing was read yet. */
  accept(socket: Socket): void {
    if (this.#room === undefined) socket.destroy();
    else this.#room.enter(socket);
  }

  /** Serves connections that wait, because `mayServeMore` has changed. */
  serveWaiting(): void {
    this.#room?.admit();
  }

  /** Uses `identity` for new handshakes. */
  updateIdentity(identity: ServingIdentity): void {
    this.#credentials?.update(identity);
  }

  /**
   * Rejects new calls, lets the calls in progress finish for at most `graceMs`, then closes all connections.
   */
  async close(graceMs: number): Promise<void> {
    this.#listener?.close();
    this.#room?.close();
    const cut = setTimeout(() => {
      this.#server.forceShutdown();
      this.#connections.close();
    }, graceMs);
    // Node closes the server's sessions itself, so grpc-js calls back while calls are still in progress. Wait
    // for the guard instead.
    this.#server.tryShutdown(() => {});
    await this.#streams.drained();
    clearTimeout(cut);
    this.#streams.close();
    this.#connections.close();
  }

  #guardCalls(options: GrpcServerOptions): CallGuard {
    const peerCertificates = (peer: string) => this.#streams.peerCertificates(peer);
    return new CallGuard({
      routes: options.routes,
      limits: this.#limits,
      refuseEarly: (path, inFlight) => options.refuseEarly?.(path, inFlight),
      connection: (peer) => this.#connections.find(peer),
      contextOf: (metadata, peer, signal) => createContext(metadata, peer, signal, { peerCertificates }),
      toStatus: (error, path) => options.toStatus(error, path),
      onEvicted: () => options.onEvicted?.("call"),
    });
  }

  #implementations(): UntypedServiceImplementation {
    const deps: HandlerDeps = {
      toStatus: (error, path) => this.#options.toStatus(error, path),
      peerCertificates: (peer) => this.#streams.peerCertificates(peer),
      admitted: (metadata) => this.#calls.admitted(metadata),
      signalOf: (metadata) => this.#calls.signalOf(metadata),
    };
    return Object.fromEntries(
      this.#options.routes.map((route) => [route.path, implementationOf(route, deps)]),
    );
  }
}

function channelOptionsOf(limits: ServerLimits): ChannelOptions {
  return {
    "grpc.max_receive_message_length": limits.maxRequestBytes,
    "grpc.max_concurrent_streams": limits.maxConcurrentStreams,
    ...(Number.isFinite(limits.maxIdleMs) ? { "grpc.max_connection_idle_ms": limits.maxIdleMs } : {}),
    ...(Number.isFinite(limits.maxAgeMs) ? { "grpc.max_connection_age_ms": limits.maxAgeMs } : {}),
    "grpc.max_connection_age_grace_ms": 10_000,
    // Pings detect dead peers; stock agents and ztunnel ping the server as well.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // grpc-js lifts this limit by default. Node's own limit stops a peer from filling the memory with
    // headers.
    "grpc-node.max_session_memory": 10,
    "grpc.enable_channelz": 0,
  };
}

/**
 * Bodies stay bytes here: grpc-js would decode them before the handler runs, so before the caller is
 * authenticated.
 */
const identity = (bytes: Buffer): Buffer => bytes;

function definitionOf(routes: readonly Route[]): ServiceDefinition {
  const methods = routes.map((route) => {
    const stream = route.kind === "stream";
    const codec = {
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
    return [route.path, { path: route.path, requestStream: stream, responseStream: stream, ...codec }];
  });
  return Object.fromEntries(methods);
}
