import {
  type Acknowledgement,
  acknowledge,
  noResponses,
  type ResponseHistory,
  recordResponse,
  retainSent,
  type Snapshot,
  servableVersions,
  unsubscribe,
} from "./response-history.ts";
import { namesFoundUnknown } from "./sotw-subscription.ts";
import type { StreamEvent } from "./stream-event.ts";
import {
  dropUnknown,
  noNames,
  partitionNames,
  type SubscribedNames,
  truncated,
  withinLimits,
  without,
} from "./subscribed-names.ts";

/**
 * The state of one delta stream: an immutable value that only `onDeltaRequest` and `onDeltaUpdate` advance.
 */
export interface DeltaSubscription extends SubscribedNames, ResponseHistory {
  /**
   * Names for which the client has a secret: from an earlier stream, or from this one before it subscribed
   * again.
   */
  readonly held: ReadonlySet<string>;
}

/** The parts of a client's request that affect the subscription. */
export interface DeltaRequest extends Acknowledgement {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly held: readonly string[];
}

export interface DeltaResponse {
  readonly names: readonly string[];
  /** Names that the agent does not serve, listed so that the client stops waiting for them. */
  readonly removed: readonly string[];
  readonly version: string;
  readonly nonce: string;
}

export interface DeltaStep {
  readonly subscription: DeltaSubscription;
  readonly response?: DeltaResponse;
  readonly events: readonly StreamEvent[];
}

export const emptyDeltaSubscription: DeltaSubscription = { ...noNames, ...noResponses, held: new Set() };

/**
 * The agent has no list of all secrets, so the wildcard is an unknown name. It is not a resource that could
 * be removed.
 */
const wildcard = "*";

/**
 * Handles one request of the delta protocol. ACKs and NACKs get no response. Subscription changes count even
 * if the nonce is stale, because the client sends each only once. Every subscription to a name is answered,
 * even if the client already holds that version, which is how Envoy reconnects.
 */
export function onDeltaRequest(
  before: DeltaSubscription,
  request: DeltaRequest,
  snapshot: Snapshot,
): DeltaStep {
  const acknowledged = acknowledge(before, request);
  const names = without(before.names, request.unsubscribe);
  const unserved = without(before.unserved, request.unsubscribe.map(truncated));
  const partition = partitionNames({ ...before, names, unserved }, request.subscribe, snapshot.isKnown);
  const { subscribed } = partition;
  const alreadySent = request.subscribe.filter((name) => before.sent.has(name));
  const held = withinLimits([...before.held, ...alreadySent, ...request.held]);
  const wanted = request.subscribe.filter((name) => subscribed.names.has(name));
  const retained = unsubscribe(acknowledged.state, request.unsubscribe);
  const state = retainSent({ ...retained, ...subscribed, held }, without(subscribed.names, wanted));
  const removed = partition.notAccepted.filter((name) => name !== wildcard && mayRemove(state, name));
  const step = respond(state, wanted, removed, snapshot);
  return { ...step, events: [...acknowledged.events, ...partition.events] };
}

/** Handles changed resources: responds with those subscribed names in `changed` that have a new version. */
export function onDeltaUpdate(
  before: DeltaSubscription,
  changed: readonly string[],
  snapshot: Snapshot,
): DeltaStep {
  const unknown = namesFoundUnknown(before, changed, snapshot);
  const { subscribed, events } = dropUnknown(before, unknown);
  const wanted = changed.filter(
    (name) => subscribed.names.has(name) && before.sent.get(name) !== snapshot.versions.get(name),
  );
  const removed = unknown.filter((name) => mayRemove(before, name));
  return { ...respond({ ...before, ...subscribed }, wanted, removed, snapshot), events };
}

/** A secret that the client holds is never withdrawn: that would cut off a working workload. */
function mayRemove({ held, sent }: DeltaSubscription, name: string): boolean {
  return !held.has(name) && !sent.has(name);
}

/** Responses before the last one that the client may still ACK or NACK. */
const keepRecent = 15;

function respond(
  before: DeltaSubscription,
  wanted: readonly string[],
  removed: readonly string[],
  snapshot: Snapshot,
): DeltaStep {
  const carried = servableVersions(before, wanted, snapshot.versions);
  if (carried.size === 0 && removed.length === 0) return { subscription: before, events: [] };
  const subscription = recordResponse(before, carried, keepRecent);
  const version = [...carried.values()].join("+");
  const response = { names: [...carried.keys()], removed, version, nonce: subscription.nonce };
  return { subscription, response, events: [] };
}
