import type { IdentityQuery } from "./identity-rows.ts";

/** The query in the address of the page. */
export function queryIn({ q = "", sort, down, only }: Readonly<Record<string, string>>): IdentityQuery {
  return {
    text: q,
    order: sort === "name" ? "name" : "expiry",
    descending: down === "1",
    only: only === "late" || only === "expired" ? only : "all",
  };
}

/** Leaves out what is the default, so that addresses stay short. */
export function queryParts({ text, order, descending, only }: IdentityQuery): Record<string, string> {
  return {
    q: text,
    sort: order === "name" ? "name" : "",
    down: descending ? "1" : "",
    only: only === "all" ? "" : only,
  };
}
