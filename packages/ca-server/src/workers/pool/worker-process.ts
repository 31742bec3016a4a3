import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { FrameReceiver } from "../frames/receiver.ts";
import { FrameSender } from "../frames/sender.ts";
import { readToMain, type ToMain } from "../messages/to-main.ts";
import { type ToWorker, toWorker } from "../messages/to-worker.ts";
import { HandOvers } from "./hand-overs.ts";
import { Pulse } from "./pulse.ts";

/** Starts the process of a worker, with an IPC channel for connections and a pipe for frames. */
export type StartWorker = () => { readonly child: ChildProcess; readonly pipe: Duplex };

export interface WorkerProcessDeps {
  readonly start: StartWorker;
  readonly receiver: (worker: WorkerProcess) => ToMain;
  readonly maxFrameBytes: number;
  /** The number of connections that may wait for their hand-over. */
  readonly maxWaitingConnections: number;
  readonly onEvicted: () => void;
  /** Called once, when the process has ended. */
  readonly onEnded: (worker: WorkerProcess, end: WorkerEnd) => void;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The reason for which the main process ended it. */
  readonly reason: string | undefined;
}

/** Replies to all calls of a worker together stay far below it. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** One worker and its two channels. A worker that breaks the protocol is killed. */
export class WorkerProcess {
  readonly connections: HandOvers;
  readonly to: ToWorker;
  readonly #child: ChildProcess;
  readonly #sender: FrameSender;
  readonly #ended = Promise.withResolvers<void>();
  readonly #pulse = new Pulse();
  #reason: string | undefined;
  /** Whether it takes connections. */
  isServing = false;

  constructor(deps: WorkerProcessDeps) {
    const { receiver, maxFrameBytes, onEnded } = deps;
    const { child, pipe } = deps.start();
    this.#child = child;
    this.connections = new HandOvers({
      maxWaiting: deps.maxWaitingConnections,
      onEvicted: deps.onEvicted,
      send: (connection, socket, onFailed) => this.#send(connection, socket, onFailed),
    });
    const onStuck = () => this.kill("it does not read its messages");
    this.#sender = new FrameSender({ stream: pipe, maxWaitingBytes, onStuck });
    this.to = toWorker(this.#sender);
    const handler = receiver(this);
    const frames = new FrameReceiver(maxFrameBytes, (kind, message) => readToMain(kind, message, handler));
    pipe.on("data", (chunk: Buffer) => this.#receive(frames, chunk));
    // The exit of the process says more.
    pipe.on("error", () => {});
    child.on("error", (error) => this.kill(error.message));
    child.once("close", () => this.#end(child.exitCode, child.signalCode, onEnded));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether it has not answered for a few seconds. */
  get isBusy(): boolean {
    return this.#pulse.isBusy;
  }

  /** Asks for a sign of life. A worker that has given none for long is killed: it would keep its clients forever. */
  beat(): void {
    this.#pulse.beat();
    if (this.#pulse.isHung(this.isServing)) this.kill("it does not answer");
    else this.to.ping();
  }

  kill(reason: string): void {
    this.#reason ??= reason;
    this.isServing = false;
    this.#child.kill("SIGKILL");
  }

  #send(connection: number, socket: Socket, onFailed: () => void): void {
    // Without `keepOpen`, Node leaks the socket if the worker has ended and the channel does not know it yet.
    this.#child.send({ connection }, socket, { keepOpen: true }, (error) => {
      if (error !== null) onFailed();
    });
  }

  #receive(frames: FrameReceiver, chunk: Buffer): void {
    if (this.#reason !== undefined) return;
    this.#pulse.heard();
    try {
      frames.push(chunk);
    } catch (error) {
      this.kill(error instanceof Error ? error.message : String(error));
    }
  }

  #end(code: number | null, signal: NodeJS.Signals | null, onEnded: WorkerProcessDeps["onEnded"]): void {
    this.isServing = false;
    this.connections.clear();
    onEnded(this, { code, signal, reason: this.#reason });
    this.#ended.resolve();
  }
}
