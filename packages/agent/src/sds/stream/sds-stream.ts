import type { Clock } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import type { SecretResource } from "../envoy-secret.ts";
import type { ResourceProvider } from "../resource-provider.ts";
import type { Offer } from "../subscription/response-history.ts";
import type { SubscriptionNote } from "../subscription/stream-event.ts";
import { maxNames } from "../subscription/subscribed-names.ts";
import type { StreamView } from "./stream-record.ts";

/** What a stream of either protocol needs of the world. */
export interface StreamOptions<Response> {
  readonly catalog: ResourceProvider;
  readonly clock: Clock;
  readonly send: (response: Response) => void;
  readonly note: (note: SubscriptionNote) => void;
}

/** One open stream: feeds requests and updates to its subscription and sends what that answers. */
export interface OpenStream<Request> {
  /** The names that it follows. */
  readonly names: ReadonlySet<string>;
  readonly view: StreamView;
  /** Takes a request of the client. Throws NODE_MISSING when the first one does not say who asks, REQUEST_MALFORMED when it has too many names. */
  receive(request: Request): void;
  /** Sends those of `changed` that this stream wants and has not got in their present version. */
  update(changed: readonly string[]): void;
}

/** What can be served of `names` at this moment: the catalog is looked at anew for every answer, so that an expired leaf is found expired. */
export interface Look {
  readonly offer: Offer;
  /** The resources behind the offer's versions. */
  found(name: string): SecretResource;
}

export function lookAt(catalog: ResourceProvider, names: readonly string[]): Look {
  const resources = new Map<string, SecretResource>();
  for (const name of names) {
    const resource = catalog.current(name);
    if (resource !== undefined) resources.set(name, resource);
  }
  const versions = new Map([...resources].map(([name, { version }]) => [name, version]));
  return {
    offer: { versions, isKnown: (name) => catalog.claims(name) },
    found(name) {
      const resource = resources.get(name);
      if (resource === undefined) throw new TypeError(`${name} was not looked at`);
      return resource;
    },
  };
}

/** Names in one request, of whatever kind; far beyond those that a stream may follow. */
const maxNamesInRequest = 16_384;

/** Refuses a request before the time that its names would take to look at is spent. @throws AgentError `REQUEST_MALFORMED` */
export function refuseManyNames(count: number): void {
  if (count <= maxNamesInRequest) return;
  const rule = `name at most ${maxNamesInRequest}, and on one stream ${maxNames}`;
  throw new AgentError("REQUEST_MALFORMED", `the request has ${count} names of resources: ${rule}`);
}
