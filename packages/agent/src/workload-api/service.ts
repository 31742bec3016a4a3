import {
  type EmptyRequest,
  fetchX509Bundles,
  fetchX509Svid,
  jwtSvidMethods,
  type Method,
} from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { type CallContext, type Route, type StreamCall, streamRoute, unaryRoute } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { type Messages, messagesOf, type Profile } from "./messages.ts";
import { decodeRequest, demandHeader, demandRequest } from "./request.ts";
import { OpenStream } from "./workload-stream.ts";

export interface WorkloadApiOptions {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** Why there is no secret to hand out, for people. */
  readonly reasons: () => readonly string[];
  /** Streams that may be open at a time; 4096 unless given. */
  readonly maxStreams?: number;
}

/**
 * The X.509-SVID profile of the SPIFFE Workload API over a store. A stream that comes before the first secret is held open; every
 * stream gets a published secret at once, and nothing twice. A new stream is refused while the leaf has ended; those that are open
 * stay, so that the next leaf reaches them without a client's backoff.
 */
export class WorkloadApi {
  readonly routes: readonly Route[];
  readonly #options: WorkloadApiOptions;
  readonly #streams = new Set<OpenStream>();
  readonly #unsubscribe: () => void;
  #calls = 0;
  #stopping = false;
  #encoded: { readonly from: WorkloadSecret; readonly messages: Messages } | undefined;

  constructor(options: WorkloadApiOptions) {
    this.#options = options;
    this.routes = [
      this.#route(fetchX509Svid, "svid"),
      this.#route(fetchX509Bundles, "bundles"),
      ...jwtSvidMethods.map(unsupportedRoute),
    ];
    this.#unsubscribe = options.store.subscribe(() => this.#push());
  }

  /** Streams that are open now. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Ends every stream and refuses new ones, telling clients to come again. */
  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    for (const stream of this.#streams) stream.end(stopping());
  }

  #route(method: Method<EmptyRequest, unknown>, profile: Profile): Route {
    return streamRoute<EmptyRequest, Uint8Array>({
      path: method.path,
      decode: (body) => decodeRequest(method, body),
      encode: (message) => message,
      handle: (call) => this.#admit(call, profile),
    });
  }

  async #admit(call: StreamCall<EmptyRequest, Uint8Array>, profile: Profile): Promise<void> {
    demandHeader(call);
    if (this.#stopping) throw stopping();
    const { maxStreams = 4096 } = this.#options;
    if (this.#calls >= maxStreams) {
      const message = `${maxStreams} streams are open, which is the most; close some: one a process is enough`;
      throw new AgentError("WORKLOAD_API_BUSY", message);
    }
    this.#calls += 1;
    try {
      await demandRequest(call.requests, this.#options.clock);
      await this.#serve(new OpenStream(profile, (message) => call.send(message), call.signal));
    } finally {
      this.#calls -= 1;
    }
  }

  async #serve(stream: OpenStream): Promise<void> {
    if (this.#stopping) throw stopping();
    this.#refuseExpired(stream.profile);
    this.#streams.add(stream);
    try {
      this.#offer(stream);
      await stream.closed;
    } finally {
      this.#streams.delete(stream);
    }
  }

  #refuseExpired(profile: Profile): void {
    const { store, reasons } = this.#options;
    if (profile !== "svid" || store.state() !== "expired") return;
    const notAfter = store.current?.notAfter.toISOString();
    const message = `the certificate ended at ${notAfter}: ${reasons().join("; ")}; ask again later`;
    throw new AgentError("WORKLOAD_SECRET_EXPIRED", message);
  }

  /** Roots first, as over SDS: a peer's new root must be trusted before leaves come under it. */
  #push(): void {
    for (const profile of ["bundles", "svid"] as const) {
      for (const stream of this.#streams) if (stream.profile === profile) this.#offer(stream);
    }
  }

  /** Roots stay true after the leaf's end; an expired leaf is handed to nobody. */
  #offer(stream: OpenStream): void {
    const { store } = this.#options;
    const secret = stream.profile === "svid" ? store.unexpired : store.current;
    if (secret === undefined) return;
    if (this.#encoded?.from !== secret) this.#encoded = { from: secret, messages: messagesOf(secret) };
    stream.offer(this.#encoded.messages[stream.profile]);
  }
}

function unsupportedRoute({ path, streams }: (typeof jwtSvidMethods)[number]): Route {
  const handle = async (call: CallContext): Promise<never> => {
    demandHeader(call);
    const message =
      "kasbah serves X.509-SVIDs and their bundles, no JWT-SVIDs; for a token, use the pod's own";
    throw new AgentError("WORKLOAD_METHOD_UNSUPPORTED", message);
  };
  const bytes = (body: Uint8Array) => body;
  const route = { path, decode: bytes, encode: bytes, handle };
  return streams ? streamRoute(route) : unaryRoute(route);
}

function stopping(): AgentError {
  return new AgentError("WORKLOAD_API_STOPPING", "the agent is stopping; connect again in a moment");
}
