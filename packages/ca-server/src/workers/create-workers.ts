import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { type Duplex, PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock, HostCapacity, Logger } from "@kasbah/runtime";
import type { LimitConfig } from "../config/limits.ts";
import type { ServingElsewhere } from "../grpc/create-grpc-server.ts";
import { WorkerPool } from "./pool/pool.ts";
import { WorkerServer } from "./pool/server.ts";
import type { StartWorker } from "./pool/worker-process.ts";
import { sharesOfWorkers } from "./worker-limits.ts";
import { workerPipe } from "./worker-pipe.ts";

export interface WorkersDeps {
  readonly config: LimitConfig;
  /** The number of worker processes; with 1, the main process serves the port itself. */
  readonly workers: number;
  readonly capacity: HostCapacity;
  /** The environment of the workers, without secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The options of Node.js with which the main process runs. */
  readonly execArgv: readonly string[];
  readonly onReplaced: () => void;
  readonly roll: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves the gRPC port in worker processes; undefined if this process serves it. */
export function createWorkers(deps: WorkersDeps): ServingElsewhere | undefined {
  const { config, clock, logger } = deps;
  const { workers, whole, each } = sharesOfWorkers(config, deps.capacity, deps.workers);
  if (workers === 1) return undefined;
  return {
    workers,
    limits: whole,
    createServer(
      { refuseEarly, mayServeMore, toStatus, onEvicted, onHandshakeFailure, onAcceptError },
      { route, isReady },
    ) {
      const pool = new WorkerPool({
        ...{ workers, limits: each, route, isReady, clock, logger },
        maxInFlight: config.maxInFlight,
        mayServeMore: () => mayServeMore?.() ?? true,
        refuseEarly: (inFlight) => refuseEarly?.(route.path, inFlight),
        toStatus: (error) => toStatus(error, route.path),
        onEvicted: (kind) => onEvicted?.(kind),
        onHandshakeFailure: (reason, group) => onHandshakeFailure?.(reason, group),
        onReplaced: deps.onReplaced,
        startWorker: startWorkerWith(deps),
        roll: deps.roll,
      });
      return new WorkerServer({ pool, onAcceptError: (error) => onAcceptError?.(error), clock });
    },
  };
}

function startWorkerWith({ env, execArgv }: Pick<WorkersDeps, "env" | "execArgv">): StartWorker {
  // The CA ships as one file, with that of the workers beside it.
  const entry = import.meta.url.endsWith(".mjs") ? "kasbah-worker.mjs" : "main.ts";
  const path = fileURLToPath(new URL(entry, import.meta.url));
  const options: ForkOptions = {
    env,
    // Two processes cannot have one debugger; and no signal may open one, through which keys can be read.
    execArgv: [...execArgv.filter((option) => !option.startsWith("--inspect")), "--disable-sigusr1"],
    // Its log lines go through the main process. Only Node.js itself writes to standard error, before it aborts.
    stdio: ["ignore", "ignore", "inherit", "ipc", "pipe"],
  };
  return () => {
    const child = fork(path, [], options);
    // Without free descriptors, Node creates no pipes, and reports the error of the child later.
    const pipes: ChildProcess["stdio"] | undefined = child.stdio;
    return { child, pipe: (pipes?.[workerPipe] as Duplex | undefined) ?? new PassThrough() };
  };
}
