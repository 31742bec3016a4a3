import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import { FairPool, type PoolHolder } from "../../connections/fair-pool.ts";
import type { ServerLimits } from "../limits.ts";
import { grpcStatus, type RpcStatus } from "../status.ts";
import { statusObject } from "./status-object.ts";

export interface StreamAdmissionOptions {
  readonly limits: Pick<ServerLimits, "bodyTimeoutMs" | "maxStreams" | "maxStreamsPerConnection">;
  readonly onEvicted: () => void;
}

/** Limits the long-lived streams of a server, which may last as long as their client. */
export class StreamAdmission {
  readonly #options: StreamAdmissionOptions;
  readonly #open: FairPool;
  readonly #signals = new WeakMap<Metadata, AbortSignal>();

  constructor(options: StreamAdmissionOptions) {
    const { maxStreams: max } = options.limits;
    this.#options = options;
    this.#open = new FairPool({ max });
  }

  get size(): number {
    return this.#open.size;
  }

  /** The second half of all streams goes to connections without one. */
  #limitPerConnection(): number {
    const { maxStreams, maxStreamsPerConnection } = this.#options.limits;
    return this.#open.size < maxStreams / 2 ? maxStreamsPerConnection : 1;
  }

  /** Aborted when the stream with this metadata ends, by its client or by a limit: grpc-js reports only the former. */
  signalOf(metadata: Metadata): AbortSignal | undefined {
    return this.#signals.get(metadata);
  }

  intercept(call: ServerInterceptingCallInterface, holder: PoolHolder): ServerInterceptingCall {
    const { limits, onEvicted } = this.#options;
    let leave: (() => void) | undefined;
    let firstMessage: NodeJS.Timeout | undefined;
    const ended = new AbortController();
    const end = () => {
      clearTimeout(firstMessage);
      leave?.();
      ended.abort();
    };
    const refuse = (status: RpcStatus) => guarded.sendStatus(statusObject(status));
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (this.#open.sizeOf(holder) >= this.#limitPerConnection()) return refuse(tooMany);
        leave = this.#open.enter(holder, () => {
          onEvicted();
          refuse(evicted);
        });
        if (Number.isFinite(limits.bodyTimeoutMs)) {
          firstMessage = setTimeout(() => refuse(silent), limits.bodyTimeoutMs);
        }
        this.#signals.set(metadata, ended.signal);
        next(metadata);
      })
      .withOnReceiveMessage((message, next) => {
        clearTimeout(firstMessage);
        next(message);
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
  }
}

const tooMany: RpcStatus = {
  code: grpcStatus.RESOURCE_EXHAUSTED,
  message: "too many streams are open on this connection: use fewer",
};

const evicted: RpcStatus = {
  code: grpcStatus.RESOURCE_EXHAUSTED,
  message: "the stream was closed for a newer one, because too many are open",
};

const silent: RpcStatus = {
  code: grpcStatus.DEADLINE_EXCEEDED,
  message: "the first message of the stream did not arrive in time",
};
