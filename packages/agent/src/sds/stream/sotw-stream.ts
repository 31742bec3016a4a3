import type { DiscoveryRequest, DiscoveryResponse } from "@kasbah/protocol/workload";
import { withoutCredentials } from "@kasbah/runtime";
import {
  emptySotwSubscription,
  onSotwRequest,
  onSotwUpdate,
  type SotwStep,
} from "../subscription/sotw-subscription.ts";
import {
  type ResourceSnapshot,
  refuseManyNames,
  type SdsStream,
  type StreamDeps,
  takeSnapshot,
} from "./sds-stream.ts";
import { type RefusedResource, StreamRecord, type StreamView } from "./stream-record.ts";

/** One open stream of the state-of-the-world protocol. */
export class SotwStream implements SdsStream<DiscoveryRequest> {
  readonly #deps: StreamDeps<DiscoveryResponse>;
  readonly #record: StreamRecord;
  #subscription = emptySotwSubscription;

  constructor(deps: StreamDeps<DiscoveryResponse>) {
    this.#deps = deps;
    this.#record = new StreamRecord("sotw", deps);
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

  receive(request: DiscoveryRequest): void {
    const { nodeId, typeUrl, resourceNames: names, responseNonce: nonce, errorDetail } = request;
    this.#record.identify(nodeId);
    if (!this.#record.acceptsType(typeUrl)) return;
    refuseManyNames(names.length);
    const snapshot = takeSnapshot(this.#deps.catalog, names);
    const reduced = { names, nonce, rejection: errorDetail && withoutCredentials(errorDetail.message) };
    this.#apply(onSotwRequest(this.#subscription, reduced, snapshot), snapshot);
  }

  update(changed: readonly string[]): void {
    const snapshot = takeSnapshot(this.#deps.catalog, changed);
    this.#apply(onSotwUpdate(this.#subscription, changed, snapshot), snapshot);
  }

  #apply({ subscription, response, events }: SotwStep, snapshot: ResourceSnapshot): void {
    this.#subscription = subscription;
    this.#record.report(events);
    if (response === undefined) return;
    const { names, version, nonce } = response;
    const resources = names.map((name) => snapshot.resource(name).secret);
    this.#deps.send({ versionInfo: version, nonce, resources });
  }
}
