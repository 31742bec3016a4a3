import type { IdentityOrder, IdentityQuery } from "./identity-rows.ts";

interface GridHeadProps {
  readonly query: IdentityQuery;
  readonly change: (fields: Partial<IdentityQuery>) => void;
}

export function GridHead({ query, change }: GridHeadProps) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <SortHead text="Identity" order="name" query={query} change={change} />
        <SortHead text="Expiry" order="expiry" query={query} change={change} />
        <th scope="col" class="cell-pod">
          Pod
        </th>
        <th scope="col" class="cell-serial">
          Serial
        </th>
      </tr>
    </thead>
  );
}

interface SortHeadProps extends GridHeadProps {
  readonly text: string;
  readonly order: IdentityOrder;
}

function SortHead({ text, order, query, change }: SortHeadProps) {
  const isSorted = query.order === order;
  const sort = isSorted ? (query.descending ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" class={`cell-${order}`} aria-sort={sort}>
      <button
        type="button"
        class="sort"
        onClick={() => change({ order, descending: isSorted && !query.descending })}
      >
        {text}
        <span class="sort-sign" aria-hidden="true">
          {sort === undefined ? "" : sort === "descending" ? "▼" : "▲"}
        </span>
      </button>
    </th>
  );
}
