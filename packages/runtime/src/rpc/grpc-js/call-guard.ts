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
  /** Whether to turn a call away on its headers alone, with so many unary calls under way. */
  readonly refuseEarly?: (path: string, inFlight: number) => RpcStatus | undefined;
}

/** Turns calls away before their body is read, and ends those that take too long. */
export class CallGuard {
  readonly #options: CallGuardOptions;
  #inFlight = 0;

  constructor(options: CallGuardOptions) {
    this.#options = options;
  }

  /** Unary calls whose headers came and whose answer has not gone. */
  get inFlight(): number {
    return this.#inFlight;
  }

  readonly intercept: ServerInterceptor = (method, call) => {
    // A stream may live for as long as its client does.
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
  message: "the call took longer than this server waits",
};
