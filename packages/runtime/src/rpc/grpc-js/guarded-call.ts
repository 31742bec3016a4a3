import { grpcStatus, type RpcStatus } from "../status.ts";

/** One unary call from its headers to its answer, in at most one pool at a time. */
export class GuardedCall {
  readonly #send: (status: RpcStatus) => void;
  readonly #cancelled = new AbortController();
  readonly #onEnd: (() => void)[] = [];
  #leave: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  isAuthenticated = false;
  isOver = false;

  constructor(send: (status: RpcStatus) => void) {
    this.#send = send;
  }

  /** Aborted when the call ends. */
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Leaves the present pool for another; `leave` is called when the call leaves that one. */
  waitIn(leave: () => void): void {
    this.#leave?.();
    this.#leave = leave;
  }

  onEnd(release: (() => void) | undefined): void {
    if (release !== undefined) this.#onEnd.push(release);
  }

  endAfter(ms: number): void {
    if (Number.isFinite(ms)) this.#timer = setTimeout(() => this.refuse(tooSlow), ms);
  }

  refuse(status: RpcStatus): void {
    if (!this.isOver) this.#send(status);
  }

  /** The answer is ready, so that the call gives its slot back even if its client never reads the answer. */
  answered(): void {
    if (this.isAuthenticated) this.waitIn(() => {});
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.#timer);
    this.waitIn(() => {});
    this.#cancelled.abort(ended);
    for (const release of this.#onEnd) release();
  }
}

/** Shared, because an abort without a reason creates an error with a stack trace: a tenth of what a call costs here. */
const ended = new Error("the call has ended");

const tooSlow: RpcStatus = {
  code: grpcStatus.DEADLINE_EXCEEDED,
  message: "the call exceeded the server's time limit",
};
