import {
  type ChannelOptions,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { formatHostPort, type HostPort } from "../address.ts";
import { implementationOf } from "./handler.ts";
import type { Route } from "./route.ts";
import { ServingCredentials, type ServingIdentity } from "./serving-credentials.ts";
import type { RpcStatus } from "./status.ts";

export interface GrpcServerOptions {
  readonly routes: readonly Route[];
  /** The answer to a call whose handler threw; the only place where an error becomes public text. */
  toStatus(error: unknown, path: string): RpcStatus;
  /** In bytes; a larger request is RESOURCE_EXHAUSTED before it is decoded. Default 4 MiB. */
  readonly maxRequestBytes?: number;
  /** Per connection. Default 100. */
  readonly maxConcurrentStreams?: number;
  /** Connections are asked to come again after this long (with jitter), so that load spreads. Default: never. */
  readonly maxConnectionAgeMs?: number;
}

const defaultMaxConcurrentStreams = 100;

/** Serves routes over TLS or on a Unix socket. */
export class GrpcServer {
  readonly #server: Server;
  readonly #maxConcurrentStreams: number;
  #credentials: ServingCredentials | undefined;

  constructor(options: GrpcServerOptions) {
    this.#maxConcurrentStreams = options.maxConcurrentStreams ?? defaultMaxConcurrentStreams;
    this.#server = new Server(channelOptionsOf(options, this.#maxConcurrentStreams));
    this.#server.addService(definitionOf(options.routes), implementationsOf(options));
  }

  /** Binds and serves; resolves to the address with the port that the kernel gave when port 0 was asked for. */
  async listenTls(address: HostPort, identity: ServingIdentity): Promise<HostPort> {
    this.#credentials = new ServingCredentials(identity, this.#maxConcurrentStreams);
    const port = await this.#bind(formatHostPort(address), this.#credentials);
    return { host: address.host, port };
  }

  /** Binds and serves without TLS: who may connect is decided by the permissions of the socket's directory. */
  async listenUnix(path: string): Promise<void> {
    await this.#bind(`unix://${path}`, ServerCredentials.createInsecure());
  }

  /** New handshakes use `identity`. */
  updateIdentity(identity: ServingIdentity): void {
    this.#credentials?.update(identity);
  }

  /** Refuses new calls, lets running ones finish for at most `graceMs`, then cuts what is left. */
  async close(graceMs: number): Promise<void> {
    const drained = Promise.withResolvers<void>();
    // tryShutdown never calls back when forceShutdown cut a stream under it, so the cut resolves by itself.
    const cut = setTimeout(() => {
      this.#server.forceShutdown();
      drained.resolve();
    }, graceMs);
    this.#server.tryShutdown(() => drained.resolve());
    await drained.promise;
    clearTimeout(cut);
  }

  #bind(address: string, credentials: ServerCredentials): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
  }
}

function channelOptionsOf(options: GrpcServerOptions, maxConcurrentStreams: number): ChannelOptions {
  return {
    "grpc.max_receive_message_length": options.maxRequestBytes ?? 4 * 1024 * 1024,
    "grpc.max_concurrent_streams": maxConcurrentStreams,
    ...(options.maxConnectionAgeMs === undefined
      ? {}
      : {
          "grpc.max_connection_age_ms": options.maxConnectionAgeMs,
          "grpc.max_connection_age_grace_ms": 10_000,
        }),
    // Dead peers are found by pinging them; stock agents and ztunnel do the same to us.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // grpc-js lifts this limit by default; Node's own is what stops a peer from filling memory with headers.
    "grpc-node.max_session_memory": 10,
    "grpc.enable_channelz": 0,
  };
}

/** Bodies stay bytes here: grpc-js would decode before the handler runs, hence before the caller is known. */
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

function implementationsOf(options: GrpcServerOptions): UntypedServiceImplementation {
  return Object.fromEntries(
    options.routes.map((route) => [route.path, implementationOf(route, options.toStatus)]),
  );
}
