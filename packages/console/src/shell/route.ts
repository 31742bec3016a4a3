export const pageNames = ["overview", "identities", "rotation", "refusals"] as const;
export type PageName = (typeof pageNames)[number];

/** The part of the address after `#`: `#/refusals?code=TOKEN_EXPIRED`. */
export interface PageRoute {
  readonly page: PageName;
  readonly query: Readonly<Record<string, string>>;
}

/** Anything unknown leads to the overview. */
export function parseRoute(hash: string): PageRoute {
  const [, name = "", search = ""] = /^#\/([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const page = pageNames.find((known) => known === name) ?? "overview";
  return { page, query: Object.fromEntries(new URLSearchParams(search)) };
}

export function routeHash(page: PageName, query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, value] as [string, string]],
  );
  const search = new URLSearchParams(given).toString();
  return `#/${page === "overview" ? "" : page}${search === "" ? "" : `?${search}`}`;
}

/** The token of a one-time link; undefined if the address is a route. */
export function tokenIn(hash: string): string | undefined {
  return /^#([\w-]{20,})$/.exec(hash)?.[1];
}
