import { secretTypeUrl } from "@kasbah/protocol/workload";
import type { Clock } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import type { ResourceProvider } from "../resource-catalog.ts";
import { isNacked, type ResponseHistory } from "../subscription/response-history.ts";
import type { StreamEvent } from "../subscription/stream-event.ts";
import { maxNames, type SubscribedNames, truncated } from "../subscription/subscribed-names.ts";

/**
 * `waiting`: nothing to send yet; `sent`: the client has neither ACKed nor NACKed it; `refused`: the client
 * NACKed it.
 */
type ResourceState = "waiting" | "sent" | "accepted" | "refused";

/**
 * One open stream as the status page shows it: no key, no certificate. Its texts are the client's, truncated.
 */
export interface StreamView {
  readonly protocol: "sotw" | "delta";
  /** The client's `node.id`; "" until its first message. */
  readonly node: string;
  readonly openedAt: Date;
  readonly resources: readonly {
    readonly name: string;
    readonly state: ResourceState;
    /** The last version sent. */
    readonly version?: string;
  }[];
  readonly nacks: number;
  readonly lastNack?: { readonly names: readonly string[]; readonly complaint: string; readonly at: Date };
}

/** A subscribed name whose current contents the client has NACKed: it still uses earlier ones, or none. */
export interface RefusedResource {
  readonly name: string;
  /** The client's own reason, truncated. */
  readonly complaint: string;
  readonly at: Date;
}

/** Names kept of the last NACKed response. */
const maxNackNames = 16;

/** Requires `node.id`. @throws AgentError NODE_MISSING */
export function requireNode(nodeId: string): void {
  if (nodeId !== "") return;
  throw new AgentError("NODE_MISSING", "missing node information: the first request must carry node.id");
}

/** Older clients send no type; the agent serves only one. */
export function isSecretType(typeUrl: string): boolean {
  return typeUrl === "" || typeUrl === secretTypeUrl;
}

export interface StreamRecordDeps {
  readonly clock: Clock;
  readonly onEvent: (event: StreamEvent) => void;
}

/** The client of one stream and its NACKs. */
export class StreamRecord {
  readonly #protocol: StreamView["protocol"];
  readonly #clock: Clock;
  readonly #onEvent: (event: StreamEvent) => void;
  readonly #openedAt: Date;
  #node: string | undefined;
  #hasForeignType = false;
  #nacks = 0;
  #lastNack: StreamView["lastNack"];
  readonly #complaints = new Map<string, Pick<RefusedResource, "complaint" | "at">>();

  constructor(protocol: StreamView["protocol"], { clock, onEvent }: StreamRecordDeps) {
    this.#protocol = protocol;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#openedAt = clock.now();
  }

  /** Envoy sends `node.id` in the first message of a stream only. @throws AgentError NODE_MISSING */
  identify(nodeId: string): void {
    if (this.#node !== undefined) return;
    requireNode(nodeId);
    this.#node = truncated(nodeId);
  }

  /** Whether the request is for secrets. A request for another type is reported once per stream. */
  acceptsType(typeUrl: string): boolean {
    if (isSecretType(typeUrl)) return true;
    if (!this.#hasForeignType) this.#onEvent({ kind: "unknown-type", typeUrl });
    this.#hasForeignType = true;
    return false;
  }

  /** Reports events, and keeps the last NACK for the status page. */
  report(events: readonly StreamEvent[]): void {
    for (const event of events) {
      if (event.kind === "nack") this.#keep(event);
      this.#onEvent(event);
    }
  }

  #keep(nack: Extract<StreamEvent, { kind: "nack" }>): void {
    this.#nacks += 1;
    const names = nack.names.slice(0, maxNackNames).map(truncated);
    const reason = { complaint: truncated(nack.complaint), at: this.#clock.now() };
    this.#lastNack = { names, ...reason };
    for (const name of nack.names) {
      this.#complaints.delete(name);
      this.#complaints.set(name, reason);
    }
    for (const oldest of this.#complaints.keys()) {
      if (this.#complaints.size <= maxNames) break;
      this.#complaints.delete(oldest);
    }
  }

  /** The subscribed names whose current contents the client has NACKed. Costs nothing before the first NACK. */
  refused(history: ResponseHistory, catalog: Catalog): readonly RefusedResource[] {
    if (this.#nacks === 0) return [];
    return [...history.nacked.keys()].flatMap((name) => {
      const reason = this.#complaints.get(name);
      return reason !== undefined && isRefused(name, history, catalog) ? [{ name, ...reason }] : [];
    });
  }

  view(subscription: SubscribedNames & ResponseHistory, catalog: Catalog): StreamView {
    const resources = [...subscription.names].map((name) => resourceView(name, subscription, catalog));
    return {
      protocol: this.#protocol,
      node: this.#node ?? "",
      openedAt: this.#openedAt,
      resources,
      nacks: this.#nacks,
      ...(this.#lastNack === undefined ? {} : { lastNack: this.#lastNack }),
    };
  }
}

type Catalog = Pick<ResourceProvider, "current">;

function resourceView(
  name: string,
  history: ResponseHistory,
  catalog: Catalog,
): StreamView["resources"][number] {
  const version = history.sent.get(name);
  if (version === undefined) return { name, state: "waiting" };
  if (isRefused(name, history, catalog)) return { name, version, state: "refused" };
  return { name, version, state: history.acked.get(name) === version ? "accepted" : "sent" };
}

/**
 * NACKed contents may come back after others that the client accepted. They are not sent again, so the
 * version that was sent last is not the one to look at.
 */
function isRefused(name: string, history: ResponseHistory, catalog: Catalog): boolean {
  const version = catalog.current(name)?.version ?? history.sent.get(name);
  return version !== undefined && isNacked(history, name, version);
}
