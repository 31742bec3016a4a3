import { type Clock, delay, type HostPort, listenTcp, type TcpListener } from "@kasbah/runtime";
import type { ServingIdentity } from "@kasbah/runtime/grpc";
import type { TlsRouteServer } from "../../grpc/server.ts";
import type { WorkerPool } from "./pool.ts";
import { beatEveryMs } from "./pulse.ts";

export interface WorkerServerDeps {
  readonly pool: WorkerPool;
  readonly onAcceptError: (error: Error) => void;
  readonly clock: Clock;
}

/** How soon workers learn what has changed, such as that the CA has become ready. */
const updateEveryMs = 250;

/** Serves the gRPC port in worker processes: this process only accepts the connections. */
export class WorkerServer implements TlsRouteServer {
  readonly #deps: WorkerServerDeps;
  readonly #closing = new AbortController();
  #listener: TcpListener | undefined;

  constructor(deps: WorkerServerDeps) {
    this.#deps = deps;
  }

  get inFlight(): number {
    return this.#deps.pool.inFlight;
  }

  get waiting() {
    return { authenticated: this.#deps.pool.load.waiting, unauthenticated: 0 };
  }

  get streams(): number {
    return this.#deps.pool.load.watches;
  }

  get connections(): number {
    return this.#deps.pool.load.connections;
  }

  get processes(): number {
    return this.#deps.pool.serving;
  }

  troubles(): readonly string[] {
    return this.processes > 0 ? [] : ["grpc: no worker process serves connections; see the log"];
  }

  warnings(): readonly string[] {
    return this.#deps.pool.keepsEnding
      ? ["grpc: a worker process ends again and again; the log has the reason (worker ended)"]
      : [];
  }

  async listenTls(address: HostPort, identity: ServingIdentity): Promise<HostPort> {
    const { pool, onAcceptError } = this.#deps;
    pool.setIdentity(identity);
    pool.start();
    void this.#keep(updateEveryMs, () => pool.update());
    void this.#keep(beatEveryMs, () => pool.beat());
    await pool.settled();
    this.#listener = await listenTcp(address, {
      onSocket: (socket) => pool.take(socket),
      onAcceptError,
      pauseOnConnect: true,
    });
    return this.#listener.address;
  }

  updateIdentity(identity: ServingIdentity): void {
    this.#deps.pool.setIdentity(identity);
  }

  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#listener?.server.close();
    await this.#deps.pool.stop(graceMs);
  }

  async #keep(everyMs: number, check: () => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      check();
      await delay(this.#deps.clock, everyMs, signal);
    }
  }
}
