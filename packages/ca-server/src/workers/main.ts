import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import process from "node:process";
import { daemonSignals } from "@kasbah/runtime";
import { FrameReceiver } from "./frames/receiver.ts";
import { FrameSender } from "./frames/sender.ts";
import { toMain } from "./messages/to-main.ts";
import { readToWorker } from "./messages/to-worker.ts";
import { WorkerService } from "./serving/worker-service.ts";
import { workerPipe } from "./worker-pipe.ts";

/** A terminal signals all processes of the command; only the main one decides when its workers stop. */
for (const signal of daemonSignals) process.on(signal, () => {});
// Without the main process there are no decisions, and a worker must never outlive it.
process.on("disconnect", () => process.exit(1));

const pipe = new Socket({ fd: workerPipe, readable: true, writable: true });
pipe.on("error", () => process.exit(1));
pipe.on("close", () => process.exit(1));

const maxWaitingBytes = 64 * 1024 * 1024;
const maxFrameBytes = 16 * 1024 * 1024;

const sender = new FrameSender({ stream: pipe, maxWaitingBytes, onStuck: () => process.exit(1) });
const service = new WorkerService({
  main: toMain(sender),
  newReferenceId: () => randomBytes(6).toString("hex"),
  onStopped() {
    sender.flush();
    pipe.end(() => process.exit(0));
  },
});
const frames = new FrameReceiver(maxFrameBytes, (kind, message) => readToWorker(kind, message, service));
pipe.on("data", (chunk: Buffer) => frames.push(chunk));
process.on("message", ({ connection }: { readonly connection: number }, socket) =>
  service.take(connection, socket instanceof Socket ? socket : undefined),
);
