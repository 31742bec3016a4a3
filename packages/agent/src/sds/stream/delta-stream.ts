import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from "@kasbah/protocol";
import { withoutCredentials } from "@kasbah/runtime";
import {
  type DeltaStep,
  emptyDeltaSubscription,
  onDeltaRequest,
  onDeltaUpdate,
} from "../subscription/delta-subscription.ts";
import { type Look, lookAt, type OpenStream, refuseManyNames, type StreamOptions } from "./sds-stream.ts";
import { StreamRecord, type StreamView } from "./stream-record.ts";

/** One open stream of the delta protocol. */
export class DeltaStream implements OpenStream<DeltaDiscoveryRequest> {
  readonly #options: StreamOptions<DeltaDiscoveryResponse>;
  readonly #record: StreamRecord;
  #subscription = emptyDeltaSubscription;

  constructor(options: StreamOptions<DeltaDiscoveryResponse>) {
    this.#options = options;
    this.#record = new StreamRecord("delta", options);
  }

  get names(): ReadonlySet<string> {
    return this.#subscription.names;
  }

  get view(): StreamView {
    return this.#record.view(this.#subscription);
  }

  receive(request: DeltaDiscoveryRequest): void {
    const { nodeId, typeUrl, subscribe, unsubscribe, initialVersions, errorDetail } = request;
    this.#record.introduce(nodeId);
    if (!this.#record.takesType(typeUrl)) return;
    refuseManyNames(subscribe.length + unsubscribe.length + initialVersions.size);
    const look = lookAt(this.#options.catalog, subscribe);
    const verdict = {
      nonce: request.responseNonce,
      rejection: errorDetail && withoutCredentials(errorDetail.message),
    };
    const reduced = { subscribe, unsubscribe, held: [...initialVersions.keys()], ...verdict };
    this.#take(onDeltaRequest(this.#subscription, reduced, look.offer), look);
  }

  update(changed: readonly string[]): void {
    const look = lookAt(this.#options.catalog, changed);
    this.#take(onDeltaUpdate(this.#subscription, changed, look.offer), look);
  }

  #take({ subscription, response, notes }: DeltaStep, { found }: Look): void {
    this.#subscription = subscription;
    this.#record.tell(notes);
    if (response === undefined) return;
    const { names, removed, version, nonce } = response;
    const resources = names.map((name) => {
      const { version: own, secret } = found(name);
      return { version: own, secret };
    });
    this.#options.send({ systemVersionInfo: version, nonce, resources, removedResources: removed });
  }
}
