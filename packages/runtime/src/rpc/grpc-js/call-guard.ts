import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import type { GuardedConnection } from "../../connections/connection.ts";
import { FairPool, type PoolHolder } from "../../connections/fair-pool.ts";
import type { ServerLimits } from "../limits.ts";
import type { CallContext, Route, ServeBody } from "../route.ts";
import { grpcStatus, type RpcStatus } from "../status.ts";
import { GuardedCall } from "./guarded-call.ts";
import { statusObject } from "./status-object.ts";
import { StreamAdmission } from "./stream-admission.ts";

export interface CallGuardOptions {
  readonly routes: readonly Route[];
  readonly limits: Pick<
    ServerLimits,
    "callTimeoutMs" | "bodyTimeoutMs" | "maxWaiting" | "maxStreams" | "maxStreamsPerConnection"
  >;
  /**
   * Returns the status to refuse a unary call with, given the number of calls with a slot. It is asked when the
   * headers have arrived, and again when the body has.
   */
  readonly refuseEarly?: (path: string, inFlight: number) => RpcStatus | undefined;
  /** The connection of the peer `address:port`. */
  readonly connection: (peer: string) => GuardedConnection | undefined;
  readonly contextOf: (metadata: Metadata, peer: string, signal: AbortSignal) => CallContext;
  readonly toStatus: (error: unknown, path: string) => RpcStatus;
  /** Called for each call that was ended in favor of a newer one. */
  readonly onEvicted?: () => void;
}

/**
 * Decides which calls may wait and which may run. A slot is for work: a call takes one when its body has arrived
 * and gives it back with its answer. Before that, calls wait in two bounded pools. The caller is authenticated from
 * the headers; until then, the call counts against the address of its caller.
 */
export class CallGuard {
  readonly #options: CallGuardOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  /** Calls that need no credential, such as health checks; one address may have a quarter of them. */
  readonly #open: FairPool;
  /** Calls whose credentials are being judged. */
  readonly #judged: FairPool;
  /** Calls on connections whose peers have authenticated. */
  readonly #authenticated: FairPool;
  readonly #streams: StreamAdmission;
  readonly #admitted = new WeakMap<Metadata, ServeBody>();
  #inFlight = 0;

  constructor(options: CallGuardOptions) {
    const { maxWaiting: max } = options.limits;
    this.#options = options;
    this.#routes = new Map(options.routes.map((route) => [route.path, route]));
    this.#open = new FairPool({ max, maxPerAddress: Math.ceil(max / 4) });
    // Behind a balancer, all callers have one address, and any of them may turn out to have a good credential.
    this.#judged = new FairPool({ max });
    this.#authenticated = new FairPool({ max });
    this.#streams = new StreamAdmission({
      limits: options.limits,
      onEvicted: () => options.onEvicted?.(),
    });
  }

  /** Unary calls of authenticated callers whose body has arrived and whose answer is not ready. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Unary calls without a slot. */
  get waiting(): { readonly authenticated: number; readonly unauthenticated: number } {
    return { authenticated: this.#authenticated.size, unauthenticated: this.#open.size + this.#judged.size };
  }

  /** Open long-lived streams. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Serves the body of a call whose caller was authenticated from its headers. */
  admitted(metadata: Metadata): ServeBody | undefined {
    return this.#admitted.get(metadata);
  }

  /** Aborted when the stream with this metadata ends. */
  signalOf(metadata: Metadata): AbortSignal | undefined {
    return this.#streams.signalOf(metadata);
  }

  readonly intercept: ServerInterceptor = (method, call) => {
    const holder = this.#holderOf(call.getPeer());
    if (method.requestStream || method.responseStream) return this.#streams.intercept(call, holder);
    return this.#interceptUnary(method.path, call, holder);
  };

  #holderOf(peer: string): PoolHolder & { readonly peer: string } {
    const connection = this.#options.connection(peer);
    return { group: connection?.group ?? peer, connection: connection ?? this, peer };
  }

  #interceptUnary(
    path: string,
    call: ServerInterceptingCallInterface,
    holder: PoolHolder & { readonly peer: string },
  ): ServerInterceptingCall {
    const state = new GuardedCall((status) => guarded.sendStatus(statusObject(status)));
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = this.#options.refuseEarly?.(path, this.#inFlight);
        if (refusal !== undefined) return state.refuse(refusal);
        this.#begin(path, metadata, state, holder, () => next(metadata));
      })
      .withOnReceiveHalfClose((next) => {
        if (this.#takeSlot(path, state)) next();
      })
      .withOnCancel(() => state.end())
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendMessage((message, next) => {
        state.answered();
        next(message);
      })
      .withSendStatus((status, next) => {
        state.end();
        next(status);
      })
      .build();
    const guarded = new ServerInterceptingCall(call, responder);
    return guarded;
  }

  /** Puts the call among those of unauthenticated callers, and moves it once its caller is authenticated. */
  #begin(
    path: string,
    metadata: Metadata,
    state: GuardedCall,
    holder: PoolHolder & { readonly peer: string },
    next: () => void,
  ): void {
    const { limits, contextOf } = this.#options;
    const evict = () => this.#evict(state);
    const route = this.#routes.get(path);
    const authenticate = route?.kind === "unary" ? route.authenticate : undefined;
    if (authenticate === undefined) {
      state.waitIn(this.#open.enter(holder, evict));
      state.endAfter(Math.min(limits.bodyTimeoutMs, limits.callTimeoutMs));
      next();
      return;
    }
    state.endAfter(limits.callTimeoutMs);
    const connection = this.#options.connection(holder.peer);
    // A peer that has authenticated before must not compete with unauthenticated callers at its address.
    const pool = connection?.isTrusted === true ? this.#authenticated : this.#judged;
    state.waitIn(pool.enter(holder, evict));
    const judged = connection?.judge();
    state.onEnd(judged);
    authenticate(contextOf(metadata, holder.peer, state.signal)).then(
      (serve) => {
        if (state.isOver) return;
        judged?.();
        this.#admitted.set(metadata, serve);
        state.isAuthenticated = true;
        if (pool !== this.#authenticated) state.waitIn(this.#authenticated.enter(holder, evict));
        state.onEnd(this.#options.connection(holder.peer)?.hold());
        next();
      },
      (error: unknown) => state.refuse(this.#options.toStatus(error, path)),
    );
  }

  #evict(state: GuardedCall): void {
    this.#options.onEvicted?.();
    state.refuse(evicted);
  }

  /** Returns false if the call was refused instead. Calls that need no authentication take no slot. */
  #takeSlot(path: string, state: GuardedCall): boolean {
    if (state.isOver) return false;
    if (!state.isAuthenticated) return true;
    const refusal = this.#options.refuseEarly?.(path, this.#inFlight);
    if (refusal !== undefined) {
      state.refuse(refusal);
      return false;
    }
    this.#inFlight += 1;
    state.waitIn(() => {
      this.#inFlight -= 1;
    });
    return true;
  }
}

const evicted: RpcStatus = {
  code: grpcStatus.RESOURCE_EXHAUSTED,
  message:
    "too many calls wait for their body or their authentication, and this one waited longest: retry, and send the body with the headers",
};
