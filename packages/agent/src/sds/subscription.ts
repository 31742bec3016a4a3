/** What one stream asks and was told; a value, changed only by `onRequest` and `onUpdate`. */
export interface Subscription {
  readonly names: ReadonlySet<string>;
  /** Nonce of the last response on this stream; "" before the first. */
  readonly nonce: string;
  readonly responses: number;
  /** What the last response carried: an ACK or NACK is about these. */
  readonly lastSent: Versions;
  /** The version of each name that this stream has been sent. */
  readonly sent: Versions;
  /** The versions of each name that this client refused: the same bytes are never sent to it again. */
  readonly rejected: ReadonlyMap<string, ReadonlySet<string>>;
  /** Unknown names already complained about, so that a client cannot fill the log. */
  readonly refused: ReadonlySet<string>;
}

/** Resource name → version. A name that cannot be served yet is absent. */
export type Versions = ReadonlyMap<string, string>;

/** One request of the client, reduced to what decides. */
export interface SubscriptionRequest {
  readonly names: readonly string[];
  readonly nonce: string;
  /** The client's complaint when it refuses the last response. */
  readonly rejection: string | undefined;
}

/** What the server can serve: the names it knows, and what each can be answered with now. */
export interface Offer {
  readonly known: ReadonlySet<string>;
  readonly versions: Versions;
}

/** Things for the log and the metrics. */
export type SubscriptionNote =
  | {
      readonly kind: "nack";
      readonly names: readonly string[];
      readonly complaint: string;
      /** The client has refused these same bytes before. */
      readonly repeated: boolean;
    }
  | { readonly kind: "stale-nonce" }
  | { readonly kind: "unknown-type"; readonly typeUrl: string }
  | { readonly kind: "unknown-name"; readonly name: string };

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

const nothing: Versions = new Map();

export const emptySubscription: Subscription = {
  names: new Set(),
  nonce: "",
  responses: 0,
  lastSent: nothing,
  sent: nothing,
  rejected: new Map(),
  refused: new Set(),
};

/** Names complained about per stream; the rest are refused in silence. */
const maxRefusedNames = 16;

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
  const judged = judge(before, request);
  const { names, refused, notes } = sortNames(judged.subscription, request.names, offer.known);
  // A client that forgot its nonce has forgotten the answers too.
  const wanted =
    isFirst || (request.nonce === "" && request.rejection === undefined) ? names : added(before.names, names);
  const subscription = { ...judged.subscription, names, refused };
  const step = answer(subscription, [...wanted], offer.versions);
  return { ...step, notes: [...judged.notes, ...notes] };
}

/** Takes a change of what can be served: answers with the subscribed names, among `changed`, that have a new version. */
export function onUpdate(before: Subscription, changed: readonly string[], versions: Versions): Step {
  const wanted = changed.filter(
    (name) => before.names.has(name) && before.sent.get(name) !== versions.get(name),
  );
  return answer(before, wanted, versions);
}

/** A NACK is about the last response, whole: the client took none of it. */
function judge(before: Subscription, request: SubscriptionRequest): Step {
  if (request.rejection === undefined) return { subscription: before, notes: [] };
  const refused = (name: string) => before.rejected.get(name) ?? new Set<string>();
  const last = [...before.lastSent];
  const rejected = new Map(before.rejected);
  for (const [name, version] of last) rejected.set(name, new Set([...refused(name), version]));
  const names = last.map(([name]) => name);
  const repeated = last.every(([name, version]) => refused(name).has(version));
  const note = { kind: "nack", names, complaint: request.rejection, repeated } as const;
  return { subscription: { ...before, rejected }, notes: [note] };
}

function sortNames(before: Subscription, requested: readonly string[], known: ReadonlySet<string>) {
  const names = new Set(requested.filter((name) => known.has(name)));
  const refused = new Set(before.refused);
  const notes: SubscriptionNote[] = [];
  for (const name of requested) {
    if (refused.size >= maxRefusedNames) break;
    if (known.has(name) || refused.has(name)) continue;
    refused.add(name);
    notes.push({ kind: "unknown-name", name });
  }
  return { names, refused, notes };
}

function added(before: ReadonlySet<string>, after: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...after].filter((name) => !before.has(name)));
}

function answer(before: Subscription, wanted: readonly string[], versions: Versions): Step {
  const carried = new Map<string, string>();
  for (const name of wanted) {
    const version = versions.get(name);
    if (version !== undefined && !before.rejected.get(name)?.has(version)) carried.set(name, version);
  }
  if (carried.size === 0) return { subscription: before, notes: [] };
  const responses = before.responses + 1;
  const nonce = String(responses);
  const sent = new Map([...before.sent, ...carried]);
  const subscription = { ...before, responses, nonce, sent, lastSent: carried };
  return {
    subscription,
    response: { names: [...carried.keys()], version: [...carried.values()].join("+"), nonce },
    notes: [],
  };
}
