import type { StreamEvent } from "./stream-event.ts";
import { maxNames } from "./subscribed-names.ts";

/** Resource name → version. A name that cannot be served yet is absent. */
export type Versions = ReadonlyMap<string, string>;

/** What the agent can serve at one moment: the names it knows, and the current version of each. */
export interface Snapshot {
  isKnown(name: string): boolean;
  readonly versions: Versions;
}

/** The responses sent on one stream, and the client's ACKs and NACKs. */
export interface ResponseHistory {
  readonly responses: number;
  /** Nonce of the last response; "" before the first. */
  readonly nonce: string;
  /**
   * Contents of the last responses by nonce, oldest first. An ACK or NACK applies to one of them as a whole.
   */
  readonly recent: ReadonlyMap<string, Versions>;
  readonly sent: Versions;
  readonly acked: Versions;
  /**
   * The NACKed versions of each name. The agent never sends them again while the client is subscribed to the
   * name.
   */
  readonly nacked: ReadonlyMap<string, readonly string[]>;
}

const nothing: Versions = new Map();

export const noResponses: ResponseHistory = {
  responses: 0,
  nonce: "",
  recent: new Map(),
  sent: nothing,
  acked: nothing,
  nacked: new Map(),
};

/** NACKed versions kept per name. Beyond this many NACKs a human is already investigating. */
const maxNackedVersions = 32;

/** A client's ACK, or NACK if `rejection` is set. An empty nonce refers to the last response. */
export interface Acknowledgement {
  readonly nonce: string;
  readonly rejection: string | undefined;
}

interface Acknowledged<State> {
  readonly state: State;
  readonly events: readonly StreamEvent[];
}

/** Records an ACK or NACK. A NACK rejects the whole response: the client has applied none of it. */
export function acknowledge<State extends ResponseHistory>(
  before: State,
  { nonce, rejection }: Acknowledgement,
): Acknowledged<State> {
  if (nonce === "" && rejection === undefined) return { state: before, events: [] };
  const carried = before.recent.get(nonce === "" ? before.nonce : nonce);
  if (carried === undefined) return { state: before, events: [{ kind: "stale-nonce" }] };
  if (rejection === undefined) {
    return { state: { ...before, acked: new Map([...before.acked, ...carried]) }, events: [] };
  }
  const repeated = [...carried].every(([name, version]) => isNacked(before, name, version));
  const event = { kind: "nack", names: [...carried.keys()], complaint: rejection, repeated } as const;
  return { state: { ...before, nacked: withNacked(before.nacked, carried) }, events: [event] };
}

/** The versions of `wanted` that are available and that the client has not NACKed. */
export function servableVersions(
  before: ResponseHistory,
  wanted: Iterable<string>,
  versions: Versions,
): Versions {
  const carried = new Map<string, string>();
  for (const name of wanted) {
    const version = versions.get(name);
    if (version !== undefined && !isNacked(before, name, version)) carried.set(name, version);
  }
  return carried;
}

/**
 * Records a response that carries `carried`. Of the earlier responses, the last `keepRecent` can still be
 * ACKed or NACKed.
 */
export function recordResponse<State extends ResponseHistory>(
  before: State,
  carried: Versions,
  keepRecent: number,
): State {
  const responses = before.responses + 1;
  const nonce = String(responses);
  const earlier = keepRecent === 0 ? [] : [...before.recent].slice(-keepRecent);
  const recent = new Map([...earlier, [nonce, carried] as const]);
  return { ...before, responses, nonce, recent, sent: new Map([...before.sent, ...carried]) };
}

/**
 * Forgets which versions were sent, except for `names`. The other names were unsubscribed or are to be sent
 * again.
 */
export function retainSent<State extends ResponseHistory>(before: State, names: ReadonlySet<string>): State {
  const retained = (versions: Versions) => new Map([...versions].filter(([name]) => names.has(name)));
  return { ...before, sent: retained(before.sent), acked: retained(before.acked) };
}

/** Drops the NACK history of unsubscribed names: a later subscription starts fresh. */
export function unsubscribe<State extends ResponseHistory>(before: State, names: readonly string[]): State {
  if (names.length === 0) return before;
  const removed = new Set(names);
  const others = <Value>(map: ReadonlyMap<string, Value>) =>
    new Map([...map].filter(([name]) => !removed.has(name)));
  // A NACK that is still in flight belongs to the old subscription.
  const recent = new Map([...before.recent].map(([nonce, carried]) => [nonce, others(carried)]));
  return { ...before, recent, nacked: others(before.nacked) };
}

export function isNacked({ nacked }: ResponseHistory, name: string, version: string): boolean {
  return nacked.get(name)?.includes(version) ?? false;
}

function withNacked(before: ResponseHistory["nacked"], carried: Versions): ResponseHistory["nacked"] {
  const nacked = new Map(before);
  for (const [name, version] of carried) {
    const others = (nacked.get(name) ?? []).filter((one) => one !== version);
    // Deleted first, so that the map stays ordered by the latest NACK.
    nacked.delete(name);
    nacked.set(name, [...others, version].slice(-maxNackedVersions));
  }
  return new Map([...nacked].slice(-maxNames));
}
