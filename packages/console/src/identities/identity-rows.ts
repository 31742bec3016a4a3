import type { ConsoleIdentity } from "../api.ts";
import { type LifeState, lifeState } from "../words/lifetime.ts";
import { shortName } from "../words/spiffe-words.ts";

/** An identity, prepared so that search and sort need no further parsing. */
export interface IdentityRow {
  readonly identity: ConsoleIdentity;
  /** `demo/frontend`, or the path of an ID with another form. */
  readonly name: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** No other certificate of its SPIFFE ID expires later. The pods of a rollout that ended leave older ones behind. */
  readonly isNewest: boolean;
  /** Every word by which the row can be found, in lower case. */
  readonly words: string;
}

export type IdentityOrder = "expiry" | "name";

export interface IdentityQuery {
  readonly text: string;
  readonly order: IdentityOrder;
  readonly descending: boolean;
  readonly only: "all" | Exclude<LifeState, "good">;
}

export function prepareRows(identities: readonly ConsoleIdentity[]): readonly IdentityRow[] {
  const newest = new Map<string, number>();
  for (const { spiffeId, notAfter } of identities)
    newest.set(spiffeId, Math.max(newest.get(spiffeId) ?? 0, Date.parse(notAfter)));
  return identities.map((identity) => rowOf(identity, newest.get(identity.spiffeId)));
}

/** All rows in one order, so that a search only has to leave rows out. */
export function sortRows(rows: readonly IdentityRow[], order: IdentityOrder): readonly IdentityRow[] {
  return order === "expiry"
    ? rows.toSorted((one, other) => one.notAfter - other.notAfter)
    : rows.toSorted((one, other) => compare(one.name, other.name));
}

/** The rows that contain every word of the text; from the last to the first if the query is descending. */
export function selectRows(
  sorted: readonly IdentityRow[],
  query: Omit<IdentityQuery, "order">,
  now: number,
): readonly IdentityRow[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = (row: IdentityRow) =>
    (query.only === "all" || isIn(query.only, row, now)) && words.every((word) => row.words.includes(word));
  const selected = words.length === 0 && query.only === "all" ? sorted : sorted.filter(wanted);
  return query.descending ? selected.toReversed() : selected;
}

/** As the overview counts it: an identity is late if its newest certificate is. */
function isIn(state: Exclude<LifeState, "good">, row: IdentityRow, now: number): boolean {
  return lifeState(row.notBefore, row.notAfter, now) === state && (state === "expired" || row.isNewest);
}

function rowOf(identity: ConsoleIdentity, newest: number | undefined): IdentityRow {
  const { spiffeId, serial, pod = "", replica = "" } = identity;
  const name = shortName(spiffeId);
  return {
    identity,
    name,
    notBefore: Date.parse(identity.notBefore),
    notAfter: Date.parse(identity.notAfter),
    isNewest: Date.parse(identity.notAfter) === newest,
    words: `${spiffeId} ${name} ${pod} ${serial} ${replica}`.toLowerCase(),
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
