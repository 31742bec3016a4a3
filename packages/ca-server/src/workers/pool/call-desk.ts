import type { AuthenticatedRoute, CallContext, RpcStatus, UnaryCall } from "@kasbah/runtime/rpc";
import { FrameError } from "../frames/frame-error.ts";
import type { ParsedOrder, ReceivedBody } from "../messages/certificate-order.ts";
import { forwardedHeaders } from "../messages/forwarded-headers.ts";
import type { ReceivedCall } from "../messages/to-main.ts";
import type { ToWorker } from "../messages/to-worker.ts";

/** The decisions of the CA about requests that a worker has parsed. */
export type DecidingRoute = Omit<AuthenticatedRoute<ParsedOrder, Uint8Array>, "decode">;

/** The calls of all workers that the CA works on. */
export interface CallSlots {
  inFlight: number;
}

export interface CallDeskDeps {
  readonly route: DecidingRoute;
  readonly worker: Pick<ToWorker, "admitted" | "answered" | "refused">;
  readonly slots: CallSlots;
  /** Returns the status to refuse a call with, given the number of calls that the CA works on. */
  readonly refuseEarly: (inFlight: number) => RpcStatus | undefined;
  readonly toStatus: (error: unknown) => RpcStatus;
  /** A worker limits its own calls, so one with more than this is broken. */
  readonly maxCalls: number;
}

type Handle = (call: UnaryCall<ParsedOrder>) => Promise<Uint8Array>;

interface OpenCall {
  readonly context: CallContext;
  readonly cancelled: AbortController;
  /** Set while the call is admitted and waits for its body. */
  handle?: Handle;
  isServed: boolean;
}

/** Decides about the calls of one worker: which callers are authenticated, and which orders get a certificate. */
export class CallDesk {
  readonly #deps: CallDeskDeps;
  readonly #calls = new Map<number, OpenCall>();

  constructor(deps: CallDeskDeps) {
    this.#deps = deps;
  }

  /** The number of calls whose answer is not sent yet. */
  get size(): number {
    return this.#calls.size;
  }

  /** @throws FrameError if the worker has broken the protocol */
  authenticate(id: number, received: ReceivedCall): void {
    const { refuseEarly, slots, worker, maxCalls, route } = this.#deps;
    if (this.#calls.has(id)) throw new FrameError("two calls have one number");
    if (this.#calls.size >= maxCalls) throw new FrameError(`more than ${maxCalls} calls`);
    const refusal = refuseEarly(slots.inFlight);
    if (refusal !== undefined) return void worker.refused(id, refusal);
    const cancelled = new AbortController();
    const call: OpenCall = {
      context: contextOf(received, cancelled.signal),
      cancelled,
      isServed: false,
    };
    this.#calls.set(id, call);
    route.authenticate(call.context).then(
      (handle) => {
        if (this.#calls.get(id) !== call) return;
        call.handle = handle;
        worker.admitted(id);
      },
      (error: unknown) => this.#refuse(id, call, error),
    );
  }

  /** Ignores a call that was cancelled. @throws FrameError if the worker has broken the protocol */
  body(id: number, body: ReceivedBody): void {
    const { refuseEarly, slots, worker } = this.#deps;
    const call = this.#calls.get(id);
    if (call === undefined) return;
    const { handle } = call;
    if (handle === undefined || call.isServed) {
      throw new FrameError("the body of a call that was not admitted");
    }
    call.isServed = true;
    const refusal = refuseEarly(slots.inFlight);
    if (refusal !== undefined) {
      this.#calls.delete(id);
      worker.refused(id, refusal);
      return;
    }
    slots.inFlight += 1;
    void this.#serve(id, call, handle, body).finally(() => {
      slots.inFlight -= 1;
    });
  }

  /** Nothing is sent for this call anymore. A certificate that is already being issued is still recorded. */
  cancel(id: number): void {
    const call = this.#calls.get(id);
    call?.cancelled.abort();
    this.#calls.delete(id);
  }

  /** The worker has ended. */
  close(): void {
    for (const id of [...this.#calls.keys()]) this.cancel(id);
  }

  async #serve(id: number, call: OpenCall, handle: Handle, body: ReceivedBody): Promise<void> {
    const { route, worker } = this.#deps;
    try {
      const response = await handle({ ...call.context, request: () => orderIn(body) });
      const bytes = route.encode(response);
      if (!this.#isOpen(id, call)) return;
      this.#calls.delete(id);
      worker.answered(id, bytes);
    } catch (error) {
      this.#refuse(id, call, error);
    }
  }

  #refuse(id: number, call: OpenCall, error: unknown): void {
    const status = this.#deps.toStatus(error);
    if (!this.#isOpen(id, call)) return;
    this.#calls.delete(id);
    this.#deps.worker.refused(id, status);
  }

  #isOpen(id: number, call: OpenCall): boolean {
    return this.#calls.get(id) === call;
  }
}

function contextOf(
  { headers, peerAddress, peerCertificates }: ReceivedCall,
  signal: AbortSignal,
): CallContext {
  return {
    metadata(name) {
      const index = (forwardedHeaders as readonly string[]).indexOf(name);
      if (index < 0) throw new TypeError(`workers do not forward the header ${name}`);
      return headers[index] ?? [];
    },
    peerAddress,
    peerCertificates: () => peerCertificates,
    signal,
  };
}

function orderIn(body: ReceivedBody): ParsedOrder {
  if (body.kind === "malformed") throw new TypeError(body.problem);
  return body.order;
}
