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
import type { SubscriptionNote } from "./stream-event.ts";
import { type AskedNames, noNames, sortNames, strikeNames, without } from "./subscribed-names.ts";

/** What one stream of the state-of-the-world protocol asks and was told; a value, changed only by `onRequest` and `onUpdate`. */
export interface Subscription extends AskedNames, Deliveries {}

/** One request of the client, reduced to what decides. */
export interface SubscriptionRequest extends Verdict {
  readonly names: readonly string[];
}

export interface Response {
  readonly names: readonly string[];
  readonly version: string;
  readonly nonce: string;
}

export interface Step {
  readonly subscription: Subscription;
  readonly response?: Response;
  readonly notes: readonly SubscriptionNote[];
}

export const emptySubscription: Subscription = { ...noNames, ...noDeliveries };

/**
 * Takes one request of the state-of-the-world protocol. An ACK gets silence, a NACK is remembered and gets silence, a
 * stale nonce is ignored, added names are answered alone, no names unsubscribe, and a first request is answered even
 * when it carries a version: that is how Envoy reconnects.
 */
export function onRequest(before: Subscription, request: SubscriptionRequest, offer: Offer): Step {
  const isFirst = before.nonce === "";
  if (!isFirst && request.nonce !== "" && request.nonce !== before.nonce) {
    return { subscription: before, notes: [{ kind: "stale-nonce" }] };
  }
  // The nonce of a first request is of a stream that has ended.
  const judged = isFirst ? { state: before, notes: [] } : judge(before, request);
  const { asked, notes } = sortNames({ ...before, names: new Set() }, request.names, offer.isKnown);
  // A client that forgot its nonce has forgotten the answers too.
  const isForgetful = request.nonce === "" && request.rejection === undefined;
  const wanted = [...asked.names].filter((name) => isFirst || isForgetful || !before.names.has(name));
  // What is asked for anew is owed, also when there is nothing to give at this moment.
  const kept = leave(judged.state, [...without(before.names, [...asked.names])]);
  const state = keepOnly({ ...kept, ...asked }, without(asked.names, wanted));
  const step = answer(state, wanted, offer);
  return { ...step, notes: [...judged.notes, ...notes] };
}

/** Takes a change of what can be served: answers with the subscribed names, among `changed`, that have a new version. */
export function onUpdate(before: Subscription, changed: readonly string[], offer: Offer): Step {
  const { asked, notes } = strikeNames(before, lostNames(before, changed, offer));
  const wanted = changed.filter(
    (name) => asked.names.has(name) && before.sent.get(name) !== offer.versions.get(name),
  );
  const step = answer({ ...before, ...asked }, wanted, offer);
  return { ...step, notes };
}

/** Names that were held back and have turned out to be nobody's here. What was served once is never withdrawn. */
export function lostNames(
  before: AskedNames & Deliveries,
  changed: readonly string[],
  offer: Offer,
): readonly string[] {
  return changed.filter((name) => before.names.has(name) && !before.sent.has(name) && !offer.isKnown(name));
}

/** Only the last response can be judged: the nonce of an earlier one is stale. */
const keepOpen = 0;

function answer(before: Subscription, wanted: readonly string[], offer: Offer): Step {
  const carried = servable(before, wanted, offer.versions);
  if (carried.size === 0) return { subscription: before, notes: [] };
  const subscription = deliver(before, carried, keepOpen);
  const version = [...carried.values()].join("+");
  return {
    subscription,
    response: { names: [...carried.keys()], version, nonce: subscription.nonce },
    notes: [],
  };
}
