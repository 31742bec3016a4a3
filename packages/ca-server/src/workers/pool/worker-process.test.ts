import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { FrameSender } from "../frames/sender.ts";
import { type ToMain, toMain } from "../messages/to-main.ts";
import { type WorkerEnd, WorkerProcess } from "./worker-process.ts";

class FakeChild extends EventEmitter {
  readonly signals: string[] = [];
  readonly exitCode = null;
  readonly signalCode = "SIGKILL";

  kill(signal: string): void {
    this.signals.push(signal);
  }
}

describe("WorkerProcess", () => {
  function startWorker() {
    const [child, pipe, ends] = [new FakeChild(), new PassThrough(), [] as WorkerEnd[]];
    const worker = new WorkerProcess({
      start: () => ({ child: child as unknown as ChildProcess, pipe }),
      receiver: () => ({ alive: () => {} }) as ToMain,
      maxFrameBytes: 100,
      maxWaitingConnections: 1,
      onEvicted: () => {},
      onEnded: (_, end) => ends.push(end),
    });
    worker.isServing = true;
    const answer = () => {
      const stream = new PassThrough();
      const sender = new FrameSender({ stream, maxWaitingBytes: 1_000, onStuck: assert.fail });
      toMain(sender).alive();
      sender.flush();
      pipe.emit("data", stream.read());
    };
    return { child, worker, ends, answer };
  }

  it("is killed if it answers no beat for 30 s, and reports why", () => {
    const { child, worker, ends } = startWorker();
    for (let beat = 0; beat < 15; beat += 1) worker.beat();
    assert.deepEqual([child.signals, worker.isBusy, worker.isServing], [[], true, true]);
    worker.beat();
    assert.deepEqual([child.signals, worker.isServing], [["SIGKILL"], false]);
    child.emit("close");
    assert.deepEqual(ends, [{ code: null, signal: "SIGKILL", reason: "it does not answer" }]);
  });

  it("lives on if it answers late", () => {
    const { child, worker, answer } = startWorker();
    for (let beat = 0; beat < 100; beat += 1) {
      worker.beat();
      if (beat % 14 === 13) answer();
    }
    assert.deepEqual(child.signals, []);
    answer();
    assert.equal(worker.isBusy, false);
  });
});
