import { setImmediate as nextTurn } from "node:timers/promises";
import type { DiscoveryResponse } from "@kasbah/protocol";
import { type DiscoveryRequest, streamSecrets } from "@kasbah/protocol";
import { type Route, type StreamCall, streamRoute } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret-store.ts";
import { resourceNames, resourcesOf, type SecretResource } from "./envoy-secret.ts";
import { SecretStream, type Servable } from "./secret-stream.ts";
import type { SubscriptionNote } from "./subscription.ts";

/** Told what happens on streams, for log and metrics. */
export interface StreamObserver {
  onOpened(): void;
  onClosed(): void;
  onNote(note: SubscriptionNote): void;
}

/**
 * `StreamSecrets` over a store. A stream that asks before the first secret exists is held open; every stream gets a
 * published secret at once, ROOTCA on all of them before `default` on any.
 */
export class SecretService {
  readonly route: Route;
  readonly #store: SecretStore;
  readonly #observer: StreamObserver;
  readonly #streams = new Set<SecretStream>();
  #built: { readonly from: WorkloadSecret; readonly resources: readonly SecretResource[] } | undefined;

  constructor(store: SecretStore, observer: StreamObserver) {
    this.#store = store;
    this.#observer = observer;
    this.route = streamRoute({
      path: streamSecrets.path,
      decode: decodeRequest,
      encode: streamSecrets.response.encode,
      handle: (call) => this.#serve(call),
    });
    store.subscribe(() => void this.#push());
  }

  async #serve(call: StreamCall<DiscoveryRequest, DiscoveryResponse>): Promise<void> {
    const stream = new SecretStream({
      servable: () => this.#servable(),
      send: (response) => call.send(response),
      note: (note) => this.#observer.onNote(note),
    });
    this.#streams.add(stream);
    this.#observer.onOpened();
    try {
      for await (const request of call.requests) stream.receive(request);
    } finally {
      this.#streams.delete(stream);
      this.#observer.onClosed();
    }
  }

  /**
   * Streams that share a connection send in the order in which they were opened, unless a turn of the event loop lies
   * between the writes: without it Envoy would get a leaf before the root that its peers need.
   */
  async #push(): Promise<void> {
    for (const name of resourceNames) {
      for (const stream of this.#streams) stream.update(name);
      await nextTurn();
    }
  }

  /** Roots stay true after the leaf's end; an expired leaf is handed to nobody. */
  #servable(): Servable {
    const secret = this.#store.current;
    if (secret === undefined) return new Map();
    const isLeafAlive = this.#store.unexpired !== undefined;
    const resources = this.#resourcesOf(secret).filter(({ name }) => name !== "default" || isLeafAlive);
    return new Map(resources.map((resource) => [resource.name, resource]));
  }

  #resourcesOf(secret: WorkloadSecret): readonly SecretResource[] {
    if (this.#built?.from !== secret) this.#built = { from: secret, resources: resourcesOf(secret) };
    return this.#built.resources;
  }
}

function decodeRequest(body: Uint8Array): DiscoveryRequest {
  try {
    return streamSecrets.request.decode(body);
  } catch (cause) {
    throw new AgentError("REQUEST_MALFORMED", "the message is not a DiscoveryRequest", { cause });
  }
}
