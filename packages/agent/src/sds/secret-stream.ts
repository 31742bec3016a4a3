import { type DiscoveryRequest, type DiscoveryResponse, secretTypeUrl } from "@kasbah/protocol";
import { AgentError } from "../errors.ts";
import { type ResourceName, resourceNames, type SecretResource } from "./envoy-secret.ts";
import { emptySubscription, onRequest, onUpdate, type Step, type SubscriptionNote } from "./subscription.ts";

/** What may be handed out at this moment, by name. */
export type Servable = ReadonlyMap<string, SecretResource>;

export interface SecretStreamOptions {
  /** Looked at anew for every answer, so that an expired leaf is found expired. */
  readonly servable: () => Servable;
  readonly send: (response: DiscoveryResponse) => void;
  readonly note: (note: SubscriptionNote) => void;
}

const known: ReadonlySet<string> = new Set(resourceNames);

/** One open stream: feeds requests and updates to the subscription and sends what it answers. */
export class SecretStream {
  readonly #options: SecretStreamOptions;
  #subscription = emptySubscription;
  #isIntroduced = false;

  constructor(options: SecretStreamOptions) {
    this.#options = options;
  }

  /** Takes a request of the client. Throws NODE_MISSING when the first one does not say who asks. */
  receive(request: DiscoveryRequest): void {
    if (!this.#isIntroduced && request.nodeId === "") {
      throw new AgentError("NODE_MISSING", "missing node information: the first request must carry node.id");
    }
    this.#isIntroduced = true;
    if (request.typeUrl !== "" && request.typeUrl !== secretTypeUrl) {
      this.#options.note({ kind: "unknown-type", typeUrl: request.typeUrl });
      return;
    }
    const servable = this.#options.servable();
    const { resourceNames: names, responseNonce: nonce, errorDetail } = request;
    const reduced = { names, nonce, rejection: errorDetail?.message };
    this.#take(onRequest(this.#subscription, reduced, { known, versions: versionsOf(servable) }), servable);
  }

  /** Sends `name` if this stream wants it and has not got its present version. */
  update(name: ResourceName): void {
    const servable = this.#options.servable();
    this.#take(onUpdate(this.#subscription, [name], versionsOf(servable)), servable);
  }

  #take(step: Step, servable: Servable): void {
    this.#subscription = step.subscription;
    for (const note of step.notes) this.#options.note(note);
    if (step.response === undefined) return;
    const { names, version, nonce } = step.response;
    const resources = names.flatMap((name) => servable.get(name)?.secret ?? []);
    this.#options.send({ versionInfo: version, nonce, resources });
  }
}

function versionsOf(servable: Servable): ReadonlyMap<string, string> {
  return new Map([...servable].map(([name, { version }]) => [name, version]));
}
