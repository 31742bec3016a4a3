import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import { grpcStatus, type RpcStatus } from "../status.ts";
import { statusObject } from "./status-object.ts";

export interface CallGuardOptions {
  /** For unary calls, from their headers to their answer. */
  readonly callTimeoutMs: number;
  /**
   * Returns the status to refuse a call with on its headers alone, given the number of unary calls in
   * progress.
   */
  readonly refuseEarly?: (path: string, inFlight: number) => RpcStatus | undefined;
}

/** Refuses calls before their body is read, and ends calls that take too long. */
export class CallGuard {
  readonly #options: CallGuardOptions;
  #inFlight = 0;

  constructor(options: CallGuardOptions) {
    this.#options = options;
  }

  /** Unary calls whose headers have arrived and whose answer has not been sent. */
  get inFlight(): number {
    return this.#inFlight;
  }

  readonly intercept: ServerInterceptor = (method, call) => {
    // A stream may last as long as its client.
    if (method.requestStream || method.responseStream) return new ServerInterceptingCall(call);
    let isOpen = false;
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      clearTimeout(timer);
      if (isOpen) this.#inFlight -= 1;
      isOpen = false;
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = this.#options.refuseEarly?.(method.path, this.#inFlight);
        if (refusal !== undefined) return guarded.sendStatus(statusObject(refusal));
        isOpen = true;
        this.#inFlight += 1;
        timer = this.#endLater(guarded);
        next(metadata);
      })
      .withOnCancel(end)
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendStatus((status, next) => {
        end();
        next(status);
      })
      .build();
    const guarded = new ServerInterceptingCall(call, responder);
    return guarded;
  };

  #endLater(call: ServerInterceptingCall): NodeJS.Timeout | undefined {
    const { callTimeoutMs } = this.#options;
    if (!Number.isFinite(callTimeoutMs)) return undefined;
    return setTimeout(() => call.sendStatus(statusObject(tooSlow)), callTimeoutMs);
  }
}

const tooSlow: RpcStatus = {
  code: grpcStatus.DEADLINE_EXCEEDED,
  message: "the call exceeded the server's time limit",
};
