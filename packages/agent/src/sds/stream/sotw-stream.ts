import type { DiscoveryRequest, DiscoveryResponse } from "@kasbah/protocol";
import { withoutCredentials } from "@kasbah/runtime";
import { emptySubscription, onRequest, onUpdate, type Step } from "../subscription/sotw-subscription.ts";
import { type Look, lookAt, type OpenStream, refuseManyNames, type StreamOptions } from "./sds-stream.ts";
import { StreamRecord, type StreamView } from "./stream-record.ts";

/** One open stream of the state-of-the-world protocol. */
export class SecretStream implements OpenStream<DiscoveryRequest> {
  readonly #options: StreamOptions<DiscoveryResponse>;
  readonly #record: StreamRecord;
  #subscription = emptySubscription;

  constructor(options: StreamOptions<DiscoveryResponse>) {
    this.#options = options;
    this.#record = new StreamRecord("sotw", options);
  }

  get names(): ReadonlySet<string> {
    return this.#subscription.names;
  }

  get view(): StreamView {
    return this.#record.view(this.#subscription);
  }

  receive(request: DiscoveryRequest): void {
    const { nodeId, typeUrl, resourceNames: names, responseNonce: nonce, errorDetail } = request;
    this.#record.introduce(nodeId);
    if (!this.#record.takesType(typeUrl)) return;
    refuseManyNames(names.length);
    const look = lookAt(this.#options.catalog, names);
    const reduced = { names, nonce, rejection: errorDetail && withoutCredentials(errorDetail.message) };
    this.#take(onRequest(this.#subscription, reduced, look.offer), look);
  }

  update(changed: readonly string[]): void {
    const look = lookAt(this.#options.catalog, changed);
    this.#take(onUpdate(this.#subscription, changed, look.offer), look);
  }

  #take({ subscription, response, notes }: Step, { found }: Look): void {
    this.#subscription = subscription;
    this.#record.tell(notes);
    if (response === undefined) return;
    const { names, version, nonce } = response;
    this.#options.send({ versionInfo: version, nonce, resources: names.map((name) => found(name).secret) });
  }
}
