import { Worker } from "node:worker_threads";

const mostBytes = 1024 * 1024;

/** Shared memory that one thread can read while the thread that writes it hangs. */
export interface UnderWay {
  readonly target: string;
  /** The number of inputs started. */
  readonly begun: Int32Array<SharedArrayBuffer>;
  readonly length: Int32Array<SharedArrayBuffer>;
  readonly input: Uint8Array<SharedArrayBuffer>;
}

/** Saves the input of a check that hangs and exits the process, because the hanging thread can do neither. */
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
