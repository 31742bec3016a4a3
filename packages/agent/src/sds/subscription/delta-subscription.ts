import {
  type Deliveries,
  deliver,
  judge,
  keepOnly,
  leave,
  noDeliveries,
  type Offer,
  servable,
  type Verdict,
} from "./response-history.ts";
import { lostNames } from "./sotw-subscription.ts";
import type { SubscriptionNote } from "./stream-event.ts";
import { type AskedNames, firstNames, noNames, sortNames, strikeNames, without } from "./subscribed-names.ts";

/** What one stream of the delta protocol asks and was told; a value, changed only by `onDeltaRequest` and `onDeltaUpdate`. */
export interface DeltaSubscription extends AskedNames, Deliveries {
  /** Names that the client has a secret of: from an earlier stream, or from this one before it asked anew. */
  readonly held: ReadonlySet<string>;
}

/** One request of the client, reduced to what decides. */
export interface DeltaRequest extends Verdict {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly held: readonly string[];
}

export interface DeltaResponse {
  readonly names: readonly string[];
  /** Names that nobody serves here, so that the client stops waiting for them. */
  readonly removed: readonly string[];
  readonly version: string;
  readonly nonce: string;
}

export interface DeltaStep {
  readonly subscription: DeltaSubscription;
  readonly response?: DeltaResponse;
  readonly notes: readonly SubscriptionNote[];
}

export const emptyDeltaSubscription: DeltaSubscription = { ...noNames, ...noDeliveries, held: new Set() };

/** There is no list of all secrets, so a wildcard is an unknown name; it is nothing that could be removed. */
const wildcard = "*";

/**
 * Takes one request of the delta protocol. An ACK gets silence, a NACK is remembered and gets silence, whatever its nonce:
 * changes of the subscription count in every request, since the client sends each only once. A name is answered each
 * time it is subscribed to, also with a version that the client holds: that is how Envoy reconnects.
 */
export function onDeltaRequest(before: DeltaSubscription, request: DeltaRequest, offer: Offer): DeltaStep {
  const judged = judge(before, request);
  const names = without(before.names, request.unsubscribe);
  const sorted = sortNames({ ...before, names }, request.subscribe, offer.isKnown);
  const served = request.subscribe.filter((name) => before.sent.has(name));
  const held = firstNames([...before.held, ...served, ...request.held]);
  const wanted = request.subscribe.filter((name) => sorted.asked.names.has(name));
  const kept = leave(judged.state, request.unsubscribe);
  const state = keepOnly({ ...kept, ...sorted.asked, held }, without(sorted.asked.names, wanted));
  const removed = sorted.turnedAway.filter((name) => name !== wildcard && mayRemove(state, name));
  const step = answer(state, wanted, removed, offer);
  return { ...step, notes: [...judged.notes, ...sorted.notes] };
}

/** Takes a change of what can be served: answers with the subscribed names, among `changed`, that have a new version. */
export function onDeltaUpdate(
  before: DeltaSubscription,
  changed: readonly string[],
  offer: Offer,
): DeltaStep {
  const lost = lostNames(before, changed, offer);
  const { asked, notes } = strikeNames(before, lost);
  const wanted = changed.filter(
    (name) => asked.names.has(name) && before.sent.get(name) !== offer.versions.get(name),
  );
  const removed = lost.filter((name) => mayRemove(before, name));
  return { ...answer({ ...before, ...asked }, wanted, removed, offer), notes };
}

/** A secret that the client has is never withdrawn: it would cut off a workload that works. */
function mayRemove({ held, sent }: DeltaSubscription, name: string): boolean {
  return !held.has(name) && !sent.has(name);
}

/** Responses before the last that a client may still judge. */
const keepOpen = 15;

function answer(
  before: DeltaSubscription,
  wanted: readonly string[],
  removed: readonly string[],
  offer: Offer,
): DeltaStep {
  const carried = servable(before, wanted, offer.versions);
  if (carried.size === 0 && removed.length === 0) return { subscription: before, notes: [] };
  const subscription = deliver(before, carried, keepOpen);
  const version = [...carried.values()].join("+");
  const response = { names: [...carried.keys()], removed, version, nonce: subscription.nonce };
  return { subscription, response, notes: [] };
}
