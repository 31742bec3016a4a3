import type { SubscriptionNote } from "./stream-event.ts";
import { maxNames } from "./subscribed-names.ts";

/** Resource name → version. A name that cannot be served yet is absent. */
export type Versions = ReadonlyMap<string, string>;

/** What the server can serve: which names it knows, and what each can be answered with now. */
export interface Offer {
  isKnown(name: string): boolean;
  readonly versions: Versions;
}

/** What one client was sent on its stream, and what it said of it. */
export interface Deliveries {
  readonly responses: number;
  /** Nonce of the last response; "" before the first. */
  readonly nonce: string;
  /** What the last responses carried, by nonce, oldest first: an ACK or NACK is about one of them, whole. */
  readonly open: ReadonlyMap<string, Versions>;
  readonly sent: Versions;
  readonly accepted: Versions;
  /** The versions of each name that this client refused: the same bytes are not sent to it again while it follows the name. */
  readonly rejected: ReadonlyMap<string, readonly string[]>;
}

const nothing: Versions = new Map();

export const noDeliveries: Deliveries = {
  responses: 0,
  nonce: "",
  open: new Map(),
  sent: nothing,
  accepted: nothing,
  rejected: new Map(),
};

/** Refused versions kept for each name; a client that has refused more has long been somebody's work. */
const maxRejectedVersions = 32;

/** What a client says of a response: the nonce, and its complaint when it refuses. An empty nonce is about the last response. */
export interface Verdict {
  readonly nonce: string;
  readonly rejection: string | undefined;
}

interface Judged<State> {
  readonly state: State;
  readonly notes: readonly SubscriptionNote[];
}

/** Takes an ACK or a NACK. A NACK is about a response as a whole: the client took none of it. */
export function judge<State extends Deliveries>(before: State, { nonce, rejection }: Verdict): Judged<State> {
  if (nonce === "" && rejection === undefined) return { state: before, notes: [] };
  const carried = before.open.get(nonce === "" ? before.nonce : nonce);
  if (carried === undefined) return { state: before, notes: [{ kind: "stale-nonce" }] };
  if (rejection === undefined) {
    return { state: { ...before, accepted: new Map([...before.accepted, ...carried]) }, notes: [] };
  }
  const repeated = [...carried].every(([name, version]) => isRejected(before, name, version));
  const note = { kind: "nack", names: [...carried.keys()], complaint: rejection, repeated } as const;
  return { state: { ...before, rejected: withRejected(before.rejected, carried) }, notes: [note] };
}

/** Those of `wanted` that can be served now and that the client has not refused. */
export function servable(before: Deliveries, wanted: Iterable<string>, versions: Versions): Versions {
  const carried = new Map<string, string>();
  for (const name of wanted) {
    const version = versions.get(name);
    if (version !== undefined && !isRejected(before, name, version)) carried.set(name, version);
  }
  return carried;
}

/** Notes a response that carries these; of the responses before it, the last `keepOpen` can still be judged. */
export function deliver<State extends Deliveries>(before: State, carried: Versions, keepOpen: number): State {
  const responses = before.responses + 1;
  const nonce = String(responses);
  const earlier = keepOpen === 0 ? [] : [...before.open].slice(-keepOpen);
  const open = new Map([...earlier, [nonce, carried] as const]);
  return { ...before, responses, nonce, open, sent: new Map([...before.sent, ...carried]) };
}

/** Forgets what was sent under names that the client has left, or asks for anew. */
export function keepOnly<State extends Deliveries>(before: State, names: ReadonlySet<string>): State {
  const kept = (versions: Versions) => new Map([...versions].filter(([name]) => names.has(name)));
  return { ...before, sent: kept(before.sent), accepted: kept(before.accepted) };
}

/** Forgets also what was refused under names that the client leaves: whoever asks for one later is a new client, to be answered. */
export function leave<State extends Deliveries>(before: State, names: readonly string[]): State {
  if (names.length === 0) return before;
  const left = new Set(names);
  const others = <Value>(map: ReadonlyMap<string, Value>) =>
    new Map([...map].filter(([name]) => !left.has(name)));
  // A NACK that is still under way is of the client that left.
  const open = new Map([...before.open].map(([nonce, carried]) => [nonce, others(carried)]));
  return { ...before, open, rejected: others(before.rejected) };
}

function isRejected({ rejected }: Deliveries, name: string, version: string): boolean {
  return rejected.get(name)?.includes(version) ?? false;
}

function withRejected(before: Deliveries["rejected"], carried: Versions): Deliveries["rejected"] {
  const rejected = new Map(before);
  for (const [name, version] of carried) {
    const others = (rejected.get(name) ?? []).filter((one) => one !== version);
    // Set anew, so that the names refused last stand last.
    rejected.delete(name);
    rejected.set(name, [...others, version].slice(-maxRejectedVersions));
  }
  return new Map([...rejected].slice(-maxNames));
}
