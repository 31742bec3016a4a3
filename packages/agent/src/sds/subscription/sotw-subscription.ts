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
import type { StreamEvent } from "./stream-event.ts";
import { dropUnknown, noNames, partitionNames, type SubscribedNames, without } from "./subscribed-names.ts";

/** The state of one SotW stream: an immutable value that only `onSotwRequest` and `onSotwUpdate` advance. */
export interface SotwSubscription extends SubscribedNames, ResponseHistory {}

/** The parts of a client's request that affect the subscription. */
export interface SotwRequest extends Acknowledgement {
  readonly names: readonly string[];
}

export interface SotwResponse {
  readonly names: readonly string[];
  readonly version: string;
  readonly nonce: string;
}

export interface SotwStep {
  readonly subscription: SotwSubscription;
  readonly response?: SotwResponse;
  readonly events: readonly StreamEvent[];
}

export const emptySotwSubscription: SotwSubscription = { ...noNames, ...noResponses };

/**
 * Handles one request of the state-of-the-world protocol. ACKs and NACKs get no response, a stale nonce is
 * ignored, only added names are answered, and no names at all unsubscribes. The first request is answered
 * even if it carries a version, which is how Envoy reconnects.
 */
export function onSotwRequest(before: SotwSubscription, request: SotwRequest, snapshot: Snapshot): SotwStep {
  const isFirst = before.nonce === "";
  if (!isFirst && request.nonce !== "" && request.nonce !== before.nonce) {
    return { subscription: before, events: [{ kind: "stale-nonce" }] };
  }
  // The nonce of a first request belongs to an earlier stream.
  const acknowledged = isFirst ? { state: before, events: [] } : acknowledge(before, request);
  const { subscribed, events } = partitionNames(
    { ...before, names: new Set(), unserved: new Set() },
    request.names,
    snapshot.isKnown,
  );
  // A client that sends no nonce has lost the responses as well, so every name is answered again.
  const hasNoNonce = request.nonce === "" && request.rejection === undefined;
  const wanted = [...subscribed.names].filter((name) => isFirst || hasNoNonce || !before.names.has(name));
  // A name that is requested again is answered later if nothing is available yet.
  const removed = [...without(before.names, [...subscribed.names])];
  const retained = unsubscribe(acknowledged.state, removed);
  const state = retainSent({ ...retained, ...subscribed }, without(subscribed.names, wanted));
  const step = respond(state, wanted, snapshot);
  return { ...step, events: [...acknowledged.events, ...events] };
}

/** Handles changed resources: responds with those subscribed names in `changed` that have a new version. */
export function onSotwUpdate(
  before: SotwSubscription,
  changed: readonly string[],
  snapshot: Snapshot,
): SotwStep {
  const { subscribed, events } = dropUnknown(before, namesFoundUnknown(before, changed, snapshot));
  const wanted = changed.filter(
    (name) => subscribed.names.has(name) && before.sent.get(name) !== snapshot.versions.get(name),
  );
  const step = respond({ ...before, ...subscribed }, wanted, snapshot);
  return { ...step, events };
}

/** Pending names that no provider turned out to own. A name that was served once is never withdrawn. */
export function namesFoundUnknown(
  before: SubscribedNames & ResponseHistory,
  changed: readonly string[],
  snapshot: Snapshot,
): readonly string[] {
  return changed.filter(
    (name) => before.names.has(name) && !before.sent.has(name) && !snapshot.isKnown(name),
  );
}

/** Only the last response can be ACKed or NACKed: in SotW the nonce of an earlier one is stale. */
const keepRecent = 0;

function respond(before: SotwSubscription, wanted: readonly string[], snapshot: Snapshot): SotwStep {
  const carried = servableVersions(before, wanted, snapshot.versions);
  if (carried.size === 0) return { subscription: before, events: [] };
  const subscription = recordResponse(before, carried, keepRecent);
  const version = [...carried.values()].join("+");
  return {
    subscription,
    response: { names: [...carried.keys()], version, nonce: subscription.nonce },
    events: [],
  };
}
