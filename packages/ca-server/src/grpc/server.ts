import { checkHealth } from "@kasbah/protocol";
import {
  type Component,
  type FailedHandshake,
  formatHostPort,
  type HostPort,
  type Logger,
  withBindReason,
} from "@kasbah/runtime";
import { GrpcServer, type GrpcServerOptions, type ServingIdentity } from "@kasbah/runtime/grpc";
import type { Route, RpcStatus, ServerLimits } from "@kasbah/runtime/rpc";
import { CaError } from "../errors.ts";
import { RefusedCall } from "./refused-call.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import { refusalOf } from "./status.ts";

/** Serves routes over TLS, in this process or in others. */
export interface TlsRouteServer extends Pick<GrpcServer, "inFlight" | "waiting" | "streams" | "connections"> {
  listenTls(address: HostPort, identity: ServingIdentity): Promise<HostPort>;
  updateIdentity(identity: ServingIdentity): void;
  close(graceMs: number): Promise<void>;
  /** The number of processes that serve connections; undefined if this process does. */
  readonly processes?: number;
  /** The reason why callers cannot connect. */
  troubles?(): readonly string[];
  warnings?(): readonly string[];
}

export interface GrpcEndpointDeps {
  readonly address: HostPort;
  /** Stream handlers must end their streams when `stopping` is aborted. */
  readonly routes: (stopping: AbortSignal) => readonly Route[];
  readonly certificate: Pick<ServingCertificate, "current" | "onChange">;
  readonly limits: ServerLimits;
  /** The maximum number of concurrent unary calls. The server refuses more from their headers alone. */
  readonly maxInFlight: number;
  readonly onOverload: () => void;
  /** How long the caller of a call that is refused now should wait; the default is that of every refusal. */
  readonly retryAfterMs?: () => number;
  /** Whether the CA has caught up with its callers; until then, new connections wait without TLS. */
  readonly mayServeMore?: () => boolean;
  /** A connection or call was ended in favor of a newer one. */
  readonly onEvicted?: (kind: "connection" | "call") => void;
  /** A connection of an address group ended before its first call. */
  readonly onHandshakeFailure?: (reason: FailedHandshake, group: string) => void;
  /** The kernel accepts no more connections, for example because the process has no file left. */
  readonly onAcceptError?: (error: Error) => void;
  readonly newReferenceId: () => string;
  readonly logger: Logger;
  /** Replaces the server of this process. */
  readonly createServer?: (options: GrpcServerOptions) => TlsRouteServer;
}

/** Less than the 10 s that the whole daemon has to stop. */
const drainMs = 8_000;

/**
 * The gRPC port: TLS 1.2 and 1.3, a serving certificate that is renewed at run time, and limits for
 * unauthenticated callers.
 */
export class GrpcEndpoint implements Component {
  readonly name = "grpc server";
  readonly #deps: GrpcEndpointDeps;
  readonly #server: TlsRouteServer;
  readonly #stopping = new AbortController();
  #address: HostPort;
  #isListening = false;

  constructor(deps: GrpcEndpointDeps) {
    this.#deps = deps;
    this.#address = deps.address;
    const createServer = deps.createServer ?? ((options) => new GrpcServer(options));
    this.#server = createServer({
      routes: deps.routes(this.#stopping.signal),
      toStatus: (error, path) => this.#statusOf(error, path),
      limits: deps.limits,
      refuseEarly: (path, inFlight) => this.#overload(path, inFlight),
      mayServeMore: () => deps.mayServeMore?.() ?? true,
      onEvicted: (kind) => deps.onEvicted?.(kind),
      onAcceptError: (error) => deps.onAcceptError?.(error),
      onHandshakeFailure: (reason, group) => deps.onHandshakeFailure?.(reason, group),
    });
  }

  /**
   * The address that the server listens on. As soon as it listens it has the real port, even if the configured
   * one is 0.
   */
  get address(): HostPort {
    return this.#address;
  }

  /** The number of unary calls that the CA works on. */
  get inFlight(): number {
    return this.#server.inFlight;
  }

  /** The number of unary calls that wait for their body, or for the verdict on their caller. */
  get waiting(): number {
    const { authenticated, unauthenticated } = this.#server.waiting;
    return authenticated + unauthenticated;
  }

  /** The number of Health/Watch streams. */
  get watches(): number {
    return this.#server.streams;
  }

  get connections(): number {
    return this.#server.connections;
  }

  /** The number of processes that serve connections. */
  get processes(): number {
    return this.#server.processes ?? 1;
  }

  get maxConnections(): number {
    return this.#deps.limits.maxConnections;
  }

  /** Without a serving certificate, the port opens as soon as there is one. */
  async start(): Promise<void> {
    const { certificate } = this.#deps;
    const identity = certificate.current();
    certificate.onChange((next) => {
      if (this.#isListening) this.#server.updateIdentity(next);
      else if (!this.#stopping.signal.aborted) void this.#listen(next);
    });
    if (identity !== undefined) await this.#listen(identity);
  }

  /** The reason why callers cannot connect. */
  troubles(): readonly string[] {
    if (this.#isListening) return this.#server.troubles?.() ?? [];
    return ["grpc: the port opens as soon as the CA has a serving certificate"];
  }

  warnings(): readonly string[] {
    return this.#server.warnings?.() ?? [];
  }

  async #listen(identity: ServingIdentity): Promise<void> {
    this.#isListening = true;
    const { address } = this.#deps;
    this.#address = await withBindReason(address, "--grpc-address", () =>
      this.#server.listenTls(address, identity),
    );
    this.#deps.logger.info("grpc server listens", { address: formatHostPort(this.#address) });
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#server.close(drainMs);
  }

  /** Health checks are never refused: a probe that fails under load would only remove replicas. */
  #overload(path: string, inFlight: number): RpcStatus | undefined {
    const { maxInFlight, onOverload, retryAfterMs, newReferenceId } = this.#deps;
    if (inFlight < maxInFlight || path === checkHealth.path) return undefined;
    onOverload();
    const calls = maxInFlight === 1 ? "call is" : "calls are";
    const overloaded = new CaError("OVERLOADED", `${maxInFlight} ${calls} already in progress`, {
      fix: "retry in a moment",
      ...(retryAfterMs === undefined ? {} : { retryAfterMs: retryAfterMs() }),
    });
    return refusalOf(overloaded, newReferenceId()).status;
  }

  /**
   * An error that no handler has turned into a refusal is an internal error. The caller gets only the
   * reference id.
   */
  #statusOf(error: unknown, path: string): RpcStatus {
    if (error instanceof RefusedCall) return error.status;
    const referenceId = this.#deps.newReferenceId();
    this.#deps.logger.error("call failed", { path, referenceId, error });
    return refusalOf(error, referenceId).status;
  }
}
