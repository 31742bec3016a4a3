import type { Socket } from "node:net";
import { firstBytesBuffered, MemoryReturn, type Sweep, systemClock } from "@kasbah/runtime";
import { GrpcServer, type ServingIdentity } from "@kasbah/runtime/grpc";
import type { RpcStatus, ServerLimits } from "@kasbah/runtime/rpc";
import { createHealthRoutes } from "../../grpc/health-service.ts";
import { RefusedCall } from "../../grpc/refused-call.ts";
import { refusalOf } from "../../grpc/status.ts";
import type { ToMain } from "../messages/to-main.ts";
import type { ToWorker } from "../messages/to-worker.ts";
import { ForwardedCalls } from "./forwarded-calls.ts";

export interface WorkerServiceDeps {
  readonly main: ToMain;
  readonly newReferenceId: () => string;
  /** Called when all calls have ended after a stop. */
  readonly onStopped: () => void;
}

/** How often the main process gets the load, if it changes. */
const loadEveryMs = 100;

/** The stateless half of the CA: TLS, HTTP/2, gRPC and the parsing of requests. */
export class WorkerService implements ToWorker {
  readonly #deps: WorkerServiceDeps;
  readonly #calls: ForwardedCalls;
  readonly #stopping = new AbortController();
  #server: GrpcServer | undefined;
  #isServing = false;
  #isReady = false;
  #mayServeMore = true;
  #lastLoad = "";

  constructor(deps: WorkerServiceDeps) {
    this.#deps = deps;
    this.#calls = new ForwardedCalls(deps.main);
  }

  limits(limits: ServerLimits): void {
    const { main } = this.#deps;
    const isReady = () => this.#isReady;
    const health = createHealthRoutes({ isReady, clock: systemClock, stopping: this.#stopping.signal });
    this.#server = new GrpcServer({
      routes: [this.#calls.route(), ...health],
      toStatus: (error, path) => this.#statusOf(error, path),
      limits,
      mayServeMore: () => this.#mayServeMore,
      onEvicted: (kind) => main.evicted(kind),
      onHandshakeFailure: (reason, group) => main.handshakeFailed(reason, group),
    });
    setInterval(() => this.#reportLoad(), loadEveryMs).unref();
    void new MemoryReturn({ sweep: everyTenSeconds }).start();
  }

  identity(identity: ServingIdentity): void {
    if (this.#isServing) return void this.#server?.updateIdentity(identity);
    this.#isServing = true;
    this.#server?.serveTls(identity);
    this.#deps.main.serving();
  }

  ready(isReady: boolean): void {
    this.#isReady = isReady;
  }

  pace(mayServeMore: boolean): void {
    this.#mayServeMore = mayServeMore;
    if (mayServeMore) this.#server?.serveWaiting();
  }

  admitted(call: number): void {
    this.#calls.admitted(call);
  }

  answered(call: number, body: Uint8Array): void {
    this.#calls.answered(call, body);
  }

  refused(call: number, status: RpcStatus): void {
    this.#calls.refused(call, status);
  }

  ping(): void {
    this.#deps.main.alive();
  }

  stop(graceMs: number): void {
    this.#stopping.abort();
    const closed = this.#server?.close(graceMs) ?? Promise.resolve();
    void closed.finally(() => this.#deps.onStopped());
  }

  /** @param socket undefined if the client had left before the connection could be handed over */
  take(connection: number, socket: Socket | undefined): void {
    const { main } = this.#deps;
    if (socket === undefined) return void main.closed(connection);
    main.taken(connection);
    socket.once("close", () => main.closed(connection));
    if (this.#server === undefined || this.#stopping.signal.aborted) return void socket.destroy();
    readLittleAhead(socket);
    this.#server.accept(socket);
  }

  #reportLoad(): void {
    if (this.#server === undefined) return;
    const { connections, streams: watches, waiting } = this.#server;
    const load = { connections, waiting: waiting.authenticated + waiting.unauthenticated, watches };
    const text = JSON.stringify(load);
    if (text === this.#lastLoad) return;
    this.#lastLoad = text;
    this.#deps.main.load(load);
  }

  #statusOf(error: unknown, path: string): RpcStatus {
    if (error instanceof RefusedCall) return error.status;
    const referenceId = this.#deps.newReferenceId();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#deps.main.failed("call failed", { referenceId, error: `${path}: ${text}` });
    return refusalOf(error, referenceId).status;
  }
}

/** Without node-cron, which would be a tenth of the memory of a worker. */
const everyTenSeconds: Sweep = (check) => {
  const timer = setInterval(check, 10_000).unref();
  return { stop: () => clearInterval(timer) };
};

/**
 * A connection that waits for its turn must not fill memory. Node creates the sockets that it receives with its default
 * of 64 KiB and has no option for it; a test fails if a later version renames the field.
 */
function readLittleAhead(socket: Socket): void {
  const { _readableState: state } = socket as unknown as { _readableState: { highWaterMark: number } };
  state.highWaterMark = firstBytesBuffered;
}
