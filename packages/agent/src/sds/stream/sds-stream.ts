import type { Clock } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import type { SecretResource } from "../envoy-secret.ts";
import type { ResourceProvider } from "../resource-catalog.ts";
import type { Snapshot } from "../subscription/response-history.ts";
import type { StreamEvent } from "../subscription/stream-event.ts";
import { maxNames } from "../subscription/subscribed-names.ts";
import type { RefusedResource, StreamView } from "./stream-record.ts";

export interface StreamDeps<Response> {
  readonly catalog: ResourceProvider;
  readonly clock: Clock;
  readonly send: (response: Response) => void;
  readonly onEvent: (event: StreamEvent) => void;
}

/** One open stream: feeds requests and updates to its subscription and sends the resulting responses. */
export interface SdsStream<Request> {
  /** The names it is subscribed to. */
  readonly names: ReadonlySet<string>;
  readonly view: StreamView;
  /** Some of the requested names that are not served: unknown ones, and those beyond the limits. */
  readonly unserved: ReadonlySet<string>;
  /** The subscribed names whose current contents the client has NACKed. */
  readonly refused: readonly RefusedResource[];
  /**
   * Handles a client's request. Throws NODE_MISSING if the first one has no `node.id`, REQUEST_MALFORMED if
   * it has too many names.
   */
  receive(request: Request): void;
  /** Sends the subscribed resources among `changed` whose current version has not been sent. */
  update(changed: readonly string[]): void;
}

/** A snapshot with the resources behind its versions. */
export interface ResourceSnapshot extends Snapshot {
  resource(name: string): SecretResource;
}

/**
 * Reads `names` from the catalog. It is read again for every response, so that an expired leaf is never sent.
 */
export function takeSnapshot(catalog: ResourceProvider, names: readonly string[]): ResourceSnapshot {
  const resources = new Map<string, SecretResource>();
  for (const name of names) {
    const resource = catalog.current(name);
    if (resource !== undefined) resources.set(name, resource);
  }
  return {
    versions: new Map([...resources].map(([name, { version }]) => [name, version])),
    isKnown: (name) => catalog.claims(name),
    resource(name) {
      const resource = resources.get(name);
      if (resource === undefined) throw new TypeError(`${name} is not in the snapshot`);
      return resource;
    },
  };
}

/** Maximum names in one request, of any kind; far more than a stream may subscribe to. */
const maxNamesInRequest = 16_384;

/** Rejects an oversized request before any name is looked up. @throws AgentError `REQUEST_MALFORMED` */
export function refuseManyNames(count: number): void {
  if (count <= maxNamesInRequest) return;
  const rule = `expected at most ${maxNamesInRequest}, of which one stream may subscribe to ${maxNames}`;
  throw new AgentError("REQUEST_MALFORMED", `the request has ${count} resource names: ${rule}`);
}
