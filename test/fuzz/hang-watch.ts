import { Worker } from "node:worker_threads";

const mostBytes = 1024 * 1024;

/** Memory that a thread can look into while the thread that writes it is stuck. */
export interface UnderWay {
  readonly target: string;
  /** How many inputs were begun. */
  readonly begun: Int32Array<SharedArrayBuffer>;
  readonly length: Int32Array<SharedArrayBuffer>;
  readonly input: Uint8Array<SharedArrayBuffer>;
}

/** Keeps the input of a check that never ends, and ends the process, which can do neither by itself. */
export class HangWatch {
  readonly #underWay: UnderWay;
  readonly #worker: Worker;

  constructor(target: string) {
    this.#underWay = {
      target,
      begun: new Int32Array(new SharedArrayBuffer(4)),
      length: new Int32Array(new SharedArrayBuffer(4)),
      input: new Uint8Array(new SharedArrayBuffer(mostBytes)),
    };
    const script = new URL("./hang-watch-worker.ts", import.meta.url);
    this.#worker = new Worker(script, { workerData: this.#underWay });
  }

  readonly begin = (input: Uint8Array): void => {
    const { begun, length, input: shared } = this.#underWay;
    shared.set(input.subarray(0, mostBytes));
    Atomics.store(length, 0, Math.min(input.length, mostBytes));
    Atomics.add(begun, 0, 1);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
