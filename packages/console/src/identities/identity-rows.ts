import type { ConsoleIdentity } from "../api.ts";

/** An identity, prepared so that search and sort need no further parsing. */
export interface IdentityRow {
  readonly identity: ConsoleIdentity;
  /** What stands in front of the name: the trust domain. */
  readonly domain: string;
  /** `demo/frontend`, or the path of an ID with another form. */
  readonly name: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Every word by which the row can be found, in lower case. */
  readonly words: string;
}

export type IdentityOrder = "expiry" | "name";

export interface IdentityQuery {
  readonly text: string;
  readonly order: IdentityOrder;
  readonly descending: boolean;
  readonly only: "all" | "late" | "expired";
}

/** All rows in both orders, so that a search only has to leave rows out. */
export type OrderedRows = Readonly<Record<IdentityOrder, readonly IdentityRow[]>>;

export function orderedRows(identities: readonly ConsoleIdentity[]): OrderedRows {
  const rows = identities.map(rowOf);
  return {
    expiry: rows.toSorted((one, other) => one.notAfter - other.notAfter || compare(one.name, other.name)),
    name: rows.toSorted((one, other) => compare(one.name, other.name) || one.notAfter - other.notAfter),
  };
}

/** The rows that contain every word of the text, in the order of the query. */
export function selectRows(rows: OrderedRows, query: IdentityQuery, now: number): readonly IdentityRow[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = (row: IdentityRow) =>
    (query.only === "all" || stateOf(row, now) === query.only) &&
    words.every((word) => row.words.includes(word));
  const ordered = rows[query.order];
  const selected = words.length === 0 && query.only === "all" ? ordered : ordered.filter(wanted);
  return query.descending ? selected.toReversed() : selected;
}

export type IdentityState = "good" | "late" | "expired";

/** Late: less than a quarter of the lifetime is left, so the renewal at its half has failed for a while. */
export function stateOf({ notBefore, notAfter }: IdentityRow, now: number): IdentityState {
  if (now >= notAfter) return "expired";
  return remainingShare(notBefore, notAfter, now) < 0.25 ? "late" : "good";
}

/** How much of a lifetime is left, from 1 to 0. */
export function remainingShare(notBefore: number, notAfter: number, now: number): number {
  const share = (notAfter - now) / (notAfter - notBefore);
  return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : 0;
}

function rowOf(identity: ConsoleIdentity): IdentityRow {
  const { spiffeId, serial, pod = "", replica = "" } = identity;
  const [, domain = "", path = spiffeId] = /^spiffe:\/\/([^/]+)\/(.*)$/.exec(spiffeId) ?? [];
  const [, namespace, account] = /^ns\/([^/]+)\/sa\/([^/]+)$/.exec(path) ?? [];
  return {
    identity,
    domain,
    name: namespace === undefined ? path : `${namespace}/${account}`,
    notBefore: Date.parse(identity.notBefore),
    notAfter: Date.parse(identity.notAfter),
    words: `${spiffeId} ${namespace}/${account} ${pod} ${serial} ${replica}`.toLowerCase(),
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
