import type { Socket } from "node:net";
import type { Clock, FailedHandshake, Logger } from "@kasbah/runtime";
import type { ServingIdentity } from "@kasbah/runtime/grpc";
import type { RpcStatus, ServerLimits } from "@kasbah/runtime/rpc";
import type { ToMain, WorkerLoad } from "../messages/to-main.ts";
import { CallDesk, type CallSlots, type DecidingRoute } from "./call-desk.ts";
import { chooseWorker } from "./choose-worker.ts";
import { groupOf } from "./hand-overs.ts";
import { type StartWorker, type WorkerEnd, WorkerProcess } from "./worker-process.ts";
import { WorkerSlot } from "./worker-slot.ts";

export interface WorkerPoolDeps {
  readonly workers: number;
  /** Of each worker. */
  readonly limits: ServerLimits;
  readonly maxInFlight: number;
  readonly route: DecidingRoute;
  readonly refuseEarly: (inFlight: number) => RpcStatus | undefined;
  readonly toStatus: (error: unknown) => RpcStatus;
  readonly isReady: () => boolean;
  readonly mayServeMore: () => boolean;
  readonly onEvicted: (kind: "connection" | "call") => void;
  readonly onHandshakeFailure: (reason: FailedHandshake, group: string) => void;
  readonly onReplaced: () => void;
  readonly startWorker: StartWorker;
  readonly roll: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Member {
  readonly process: WorkerProcess;
  readonly desk: CallDesk;
  load: WorkerLoad;
}

const noLoad: WorkerLoad = { connections: 0, waiting: 0, watches: 0 };
/** Besides the body and the headers of a call: the certificates of its client, and the lists of a CSR. */
const otherBytes = 1024 * 1024;

/** The worker processes, which hold the connections of clients; this process holds everything else. */
export class WorkerPool {
  readonly #deps: WorkerPoolDeps;
  readonly #slots: readonly WorkerSlot[];
  readonly #members = new Map<WorkerProcess, Member>();
  readonly #calls: CallSlots = { inFlight: 0 };
  readonly #waitingForServing = new Set<() => void>();
  #identity: ServingIdentity | undefined;
  #isReady = false;
  #mayServeMore = true;
  #lastConnection = 0;

  constructor(deps: WorkerPoolDeps) {
    this.#deps = deps;
    const { onReplaced, roll, clock, logger } = deps;
    const start = (onEnded: (worker: WorkerProcess, end: WorkerEnd) => void) => this.#startWorker(onEnded);
    this.#slots = Array.from(
      { length: deps.workers },
      () => new WorkerSlot({ start, onReplaced, roll, clock, logger }),
    );
  }

  /** The number of calls that the CA works on. */
  get inFlight(): number {
    return this.#calls.inFlight;
  }

  /** The number of workers that take connections. */
  get serving(): number {
    return [...this.#serving()].length;
  }

  /** Whether a worker ends again and again. */
  get keepsEnding(): boolean {
    return this.#slots.some((slot) => slot.keepsEnding);
  }

  /** The load of all workers together. */
  get load(): WorkerLoad {
    const loads = [...this.#members.values()].map(({ load }) => load);
    const sum = (of: (load: WorkerLoad) => number) => loads.reduce((total, load) => total + of(load), 0);
    return {
      connections: sum((load) => load.connections),
      waiting: sum((load) => load.waiting),
      watches: sum((load) => load.watches),
    };
  }

  start(): void {
    for (const slot of this.#slots) slot.start();
  }

  /** Workers serve once they have an identity, and use the latest one for new handshakes. */
  setIdentity(identity: ServingIdentity): void {
    this.#identity = identity;
    for (const { to } of this.#members.keys()) to.identity(identity);
  }

  /** Resolves when every worker serves, or one has ended before it could. */
  async settled(): Promise<void> {
    while (this.#slots.some(({ worker, keepsEnding }) => worker?.isServing !== true && !keepsEnding)) {
      await new Promise<void>((resolve) => this.#waitingForServing.add(resolve));
    }
  }

  /** Passes on what the workers must know: the answer to health checks, and whether to serve more connections. */
  update(): void {
    this.#updatePace();
    const isReady = this.#deps.isReady();
    if (isReady === this.#isReady) return;
    this.#isReady = isReady;
    for (const { to } of this.#members.keys()) to.ready(isReady);
  }

  /** Asks each worker for a sign of life; called every 2 s. */
  beat(): void {
    for (const worker of [...this.#members.keys()]) worker.beat();
  }

  /** Hands a connection, from which nothing was read yet, to a worker. Without one, the client must retry. */
  take(socket: Socket): void {
    const group = groupOf(socket);
    const worker = group === undefined ? undefined : this.#choose(group);
    if (worker === undefined || group === undefined) return void socket.destroy();
    this.#putLast(worker);
    this.#lastConnection = (this.#lastConnection + 1) % 2 ** 32;
    socket.on("error", () => socket.destroy());
    worker.connections.add(this.#lastConnection, socket, group);
  }

  /** Lets the workers finish their calls, and resolves when no process is left. */
  async stop(graceMs: number): Promise<void> {
    for (const slot of this.#slots) slot.stop();
    const workers = [...this.#members.keys()];
    for (const { to } of workers) to.stop(graceMs);
    const late = setTimeout(() => {
      for (const worker of workers) worker.kill("it did not stop in time");
    }, graceMs + killAfterMs);
    await Promise.all(workers.map(({ ended }) => ended));
    clearTimeout(late);
  }

  #updatePace(): void {
    const mayServeMore = this.#deps.mayServeMore();
    if (mayServeMore === this.#mayServeMore) return;
    this.#mayServeMore = mayServeMore;
    for (const { to } of this.#members.keys()) to.pace(mayServeMore);
  }

  /** A worker that does not answer gets connections only if no other one does. */
  #choose(group: string): WorkerProcess | undefined {
    const serving = [...this.#serving()];
    const answering = serving.filter(({ isBusy }) => !isBusy);
    return chooseWorker(answering.length > 0 ? answering : serving, group);
  }

  /** If workers are equal, they take turns. */
  #putLast(worker: WorkerProcess): void {
    const member = this.#members.get(worker);
    if (member === undefined) return;
    this.#members.delete(worker);
    this.#members.set(worker, member);
  }

  *#serving(): Iterable<WorkerProcess> {
    for (const worker of this.#members.keys()) if (worker.isServing) yield worker;
  }

  #startWorker(onEnded: (worker: WorkerProcess, end: WorkerEnd) => void): WorkerProcess {
    const { limits, startWorker } = this.#deps;
    const worker = new WorkerProcess({
      start: startWorker,
      receiver: (self) => this.#join(self),
      maxFrameBytes: limits.maxRequestBytes + limits.maxHeaderBytes + otherBytes,
      maxWaitingConnections: limits.maxWaitingConnections,
      onEvicted: () => this.#deps.onEvicted("connection"),
      onEnded: (self, end) => {
        this.#members.get(self)?.desk.close();
        this.#members.delete(self);
        onEnded(self, end);
        this.#progressed();
      },
    });
    worker.to.limits(limits);
    worker.to.ready(this.#isReady);
    worker.to.pace(this.#mayServeMore);
    if (this.#identity !== undefined) worker.to.identity(this.#identity);
    return worker;
  }

  #join(worker: WorkerProcess): ToMain {
    const member: Member = { process: worker, desk: this.#createDesk(worker), load: noLoad };
    this.#members.set(worker, member);
    const { desk } = member;
    return {
      serving: () => {
        worker.isServing = true;
        this.#progressed();
      },
      authenticate: (call, received) => desk.authenticate(call, received),
      body: (call, body) => {
        desk.body(call, body);
        this.#updatePace();
      },
      cancelled: (call) => desk.cancel(call),
      taken: (connection) => worker.connections.confirm(connection),
      closed: (connection) => worker.connections.remove(connection),
      alive: () => {},
      load: (load) => {
        member.load = load;
      },
      evicted: this.#deps.onEvicted,
      handshakeFailed: this.#deps.onHandshakeFailure,
      failed: (event, facts) => this.#deps.logger.error(event, { ...facts, workerPid: worker.pid }),
    };
  }

  #createDesk(worker: WorkerProcess): CallDesk {
    const { route, refuseEarly, toStatus, limits, maxInFlight } = this.#deps;
    return new CallDesk({
      // The worker exists only after its receiver.
      worker: {
        admitted: (call) => worker.to.admitted(call),
        answered: (call, body) => {
          worker.to.answered(call, body);
          this.#updatePace();
        },
        refused: (call, status) => {
          worker.to.refused(call, status);
          this.#updatePace();
        },
      },
      ...{ route, refuseEarly, toStatus, slots: this.#calls },
      maxCalls: 2 * limits.maxWaiting + maxInFlight,
    });
  }

  #progressed(): void {
    for (const resolve of this.#waitingForServing) resolve();
    this.#waitingForServing.clear();
  }
}

/** After the time in which a worker must have finished its calls. */
const killAfterMs = 500;
