import {
  type EmptyRequest,
  fetchJwtBundles,
  fetchX509Bundles,
  fetchX509Svid,
  type Method,
  otherProfileMethods,
} from "@kasbah/protocol/workload";
import type { Clock } from "@kasbah/runtime";
import { type CallContext, type Route, type StreamCall, streamRoute, unaryRoute } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { encodeMessages, type WorkloadMessage, type WorkloadMessages } from "./messages.ts";
import { awaitRequest, decodeRequest, requireHeader } from "./request.ts";
import { WorkloadStream } from "./workload-stream.ts";

export interface WorkloadApiDeps {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** Human-readable reasons why no secret can be served. */
  readonly reasons: () => readonly string[];
  /** Maximum open streams; 4096 by default. */
  readonly maxStreams?: number;
}

/**
 * The X.509-SVID profile of the SPIFFE Workload API, and an empty set of keys for JWT-SVIDs. A stream waits for
 * the first secret, and gets each published secret immediately and once. While the leaf is expired, new streams
 * are refused but open ones stay open, so that the next leaf reaches them without a client's backoff.
 */
export class WorkloadApi {
  readonly routes: readonly Route[];
  readonly #deps: WorkloadApiDeps;
  readonly #streams = new Set<WorkloadStream>();
  readonly #unsubscribe: () => void;
  #calls = 0;
  #stopping = false;
  #encoded: { readonly from: WorkloadSecret; readonly messages: WorkloadMessages } | undefined;

  constructor(deps: WorkloadApiDeps) {
    this.#deps = deps;
    this.routes = [
      this.#route(fetchX509Svid, "svid"),
      this.#route(fetchX509Bundles, "bundles"),
      this.#route(fetchJwtBundles, "jwtBundles"),
      ...otherProfileMethods.map(unsupportedRoute),
    ];
    this.#unsubscribe = deps.store.subscribe(() => this.#push());
  }

  /** The number of open streams. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Ends every stream and refuses new ones, with a status that makes clients reconnect. */
  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    for (const stream of this.#streams) stream.end(stopping());
  }

  #route(method: Method<EmptyRequest, unknown>, kind: WorkloadMessage): Route {
    return streamRoute<EmptyRequest, Uint8Array>({
      path: method.path,
      decode: (body) => decodeRequest(method, body),
      encode: (message) => message,
      handle: (call) => this.#admit(call, kind),
    });
  }

  async #admit(call: StreamCall<EmptyRequest, Uint8Array>, kind: WorkloadMessage): Promise<void> {
    requireHeader(call);
    if (this.#stopping) throw stopping();
    const { maxStreams = 4096 } = this.#deps;
    if (this.#calls >= maxStreams) {
      const message = `${maxStreams} streams are open, which is the maximum; close some: a process needs only one`;
      throw new AgentError("WORKLOAD_API_BUSY", message);
    }
    this.#calls += 1;
    try {
      await awaitRequest(call.requests, this.#deps.clock);
      await this.#serve(new WorkloadStream(kind, (message) => call.send(message), call.signal));
    } finally {
      this.#calls -= 1;
    }
  }

  async #serve(stream: WorkloadStream): Promise<void> {
    if (this.#stopping) throw stopping();
    this.#refuseExpired(stream.kind);
    this.#streams.add(stream);
    try {
      this.#send(stream);
      await stream.closed;
    } finally {
      this.#streams.delete(stream);
    }
  }

  #refuseExpired(kind: WorkloadMessage): void {
    const { store, reasons } = this.#deps;
    if (kind !== "svid" || store.state() !== "expired") return;
    const notAfter = store.current?.notAfter.toISOString();
    const message = `the certificate expired at ${notAfter}: ${reasons().join("; ")}; retry later`;
    throw new AgentError("WORKLOAD_SECRET_EXPIRED", message);
  }

  /** Trust bundles first, as over SDS: peers must trust a new root before leaves are issued under it. */
  #push(): void {
    for (const kind of ["bundles", "jwtBundles", "svid"] as const) {
      for (const stream of this.#streams) if (stream.kind === kind) this.#send(stream);
    }
  }

  /** The trust bundle stays valid after the leaf expires; an expired leaf is never sent. */
  #send(stream: WorkloadStream): void {
    const { store } = this.#deps;
    const secret = stream.kind === "svid" ? store.unexpired : store.current;
    if (secret === undefined) return;
    if (this.#encoded?.from !== secret) this.#encoded = { from: secret, messages: encodeMessages(secret) };
    stream.send(this.#encoded.messages[stream.kind]);
  }
}

function unsupportedRoute({ path, streams, kind }: (typeof otherProfileMethods)[number]): Route {
  const handle = async (call: CallContext): Promise<never> => {
    requireHeader(call);
    const method = path.slice(path.lastIndexOf("/") + 1);
    const message =
      `${method} needs ${kind}, which kasbah does not issue: ` +
      "authenticate with the X.509-SVID, or with the pod's service account token";
    throw new AgentError("WORKLOAD_METHOD_UNSUPPORTED", message);
  };
  const bytes = (body: Uint8Array) => body;
  const route = { path, decode: bytes, encode: bytes, handle };
  return streams ? streamRoute(route) : unaryRoute(route);
}

function stopping(): AgentError {
  return new AgentError("WORKLOAD_API_STOPPING", "the agent is stopping; reconnect in a moment");
}
