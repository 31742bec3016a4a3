import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { GridHead } from "./grid-head.tsx";
import { GridRow } from "./grid-row.tsx";
import type { IdentityQuery, IdentityRow } from "./identity-rows.ts";
import { rowAfterKey, scrollTo, windowAt } from "./row-window.ts";
import { useViewport } from "./use-viewport.ts";

interface GridProps {
  readonly rows: readonly IdentityRow[];
  readonly query: IdentityQuery;
  readonly change: (fields: Partial<IdentityQuery>) => void;
  readonly now: number;
  readonly open: (row: IdentityRow) => void;
}

/**
 * A table of up to 100,000 rows, of which only the visible ones exist. The table keeps the focus and names the chosen
 * row by `aria-activedescendant`, so a row that is scrolled away never takes the focus with it.
 */
export function Grid({ rows, query, change, now, open }: GridProps) {
  const view = useRef<HTMLDivElement>(null);
  const { scrollTop, height, rowHeight } = useViewport(view);
  const [chosen, setChosen] = useState(0);
  const row = Math.min(chosen, rows.length - 1);
  const { first, end } = windowAt(scrollTop, height, rowHeight, rows.length);
  useStartAtTop(view, query, setChosen);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const target = rowAfterKey(event.key, row, rows.length, Math.max(1, Math.floor(height / rowHeight) - 1));
    const current = rows[row];
    if (target !== undefined) {
      setChosen(target);
      view.current?.scrollTo({ top: scrollTo(target, scrollTop, height, rowHeight) });
    } else if (event.key === "Enter" && current !== undefined) open(current);
    else return;
    event.preventDefault();
  };
  return (
    <div class="grid" ref={view} tabIndex={-1}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table in which a row can be chosen is a grid.
        role="grid"
        aria-label="Identities. Arrow keys move, Enter shows details."
        aria-rowcount={rows.length + 1}
        aria-activedescendant={row >= first && row < end ? `row-${row}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <GridHead query={query} change={change} />
        <tbody>
          <Space height={first * rowHeight} />
          {rows.slice(first, end).map((one, offset) => (
            <GridRow
              key={one.identity.spiffeId}
              row={one}
              index={first + offset}
              chosen={first + offset === row}
              now={now}
              choose={() => {
                setChosen(first + offset);
                open(one);
              }}
            />
          ))}
          <Space height={(rows.length - end) * rowHeight} />
        </tbody>
      </table>
    </div>
  );
}

/** Takes the place of rows that are not drawn. */
function Space({ height }: { readonly height: number }) {
  return <tr style={{ height: `${height}px` }} />;
}

function useStartAtTop(
  view: { readonly current: HTMLElement | null },
  { text, order, descending, only }: IdentityQuery,
  choose: (row: number) => void,
): void {
  useLayoutEffect(() => {
    view.current?.scrollTo({ top: 0 });
    choose(0);
  }, [text, order, descending, only]);
}
