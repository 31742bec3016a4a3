import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from "@kasbah/protocol/workload";
import { withoutCredentials } from "@kasbah/runtime";
import {
  type DeltaStep,
  emptyDeltaSubscription,
  onDeltaRequest,
  onDeltaUpdate,
} from "../subscription/delta-subscription.ts";
import {
  type ResourceSnapshot,
  refuseManyNames,
  type SdsStream,
  type StreamDeps,
  takeSnapshot,
} from "./sds-stream.ts";
import { type RefusedResource, StreamRecord, type StreamView } from "./stream-record.ts";

/** One open stream of the delta protocol. */
export class DeltaStream implements SdsStream<DeltaDiscoveryRequest> {
  readonly #deps: StreamDeps<DeltaDiscoveryResponse>;
  readonly #record: StreamRecord;
  #subscription = emptyDeltaSubscription;

  constructor(deps: StreamDeps<DeltaDiscoveryResponse>) {
    this.#deps = deps;
    this.#record = new StreamRecord("delta", deps);
  }

  get names(): ReadonlySet<string> {
    return this.#subscription.names;
  }

  get view(): StreamView {
    return this.#record.view(this.#subscription, this.#deps.catalog);
  }

  get unserved(): ReadonlySet<string> {
    return this.#subscription.unserved;
  }

  get refused(): readonly RefusedResource[] {
    return this.#record.refused(this.#subscription, this.#deps.catalog);
  }

  receive(request: DeltaDiscoveryRequest): void {
    const { nodeId, typeUrl, subscribe, unsubscribe, initialVersions, errorDetail } = request;
    this.#record.identify(nodeId);
    if (!this.#record.acceptsType(typeUrl)) return;
    refuseManyNames(subscribe.length + unsubscribe.length + initialVersions.size);
    const snapshot = takeSnapshot(this.#deps.catalog, subscribe);
    const acknowledgement = {
      nonce: request.responseNonce,
      rejection: errorDetail && withoutCredentials(errorDetail.message),
    };
    const reduced = { subscribe, unsubscribe, held: [...initialVersions.keys()], ...acknowledgement };
    this.#apply(onDeltaRequest(this.#subscription, reduced, snapshot), snapshot);
  }

  update(changed: readonly string[]): void {
    const snapshot = takeSnapshot(this.#deps.catalog, changed);
    this.#apply(onDeltaUpdate(this.#subscription, changed, snapshot), snapshot);
  }

  #apply({ subscription, response, events }: DeltaStep, snapshot: ResourceSnapshot): void {
    this.#subscription = subscription;
    this.#record.report(events);
    if (response === undefined) return;
    const { names, removed, version, nonce } = response;
    const resources = names.map((name) => {
      const { version: own, secret } = snapshot.resource(name);
      return { version: own, secret };
    });
    this.#deps.send({ systemVersionInfo: version, nonce, resources, removedResources: removed });
  }
}
