import { useState } from "preact/hooks";
import type { ConsoleRefusal, ConsoleRefusals } from "../api.ts";
import { Empty } from "../parts/panel.tsx";
import { countWords } from "../words/count-words.ts";
import { RefusalItem } from "./refusal-item.tsx";

interface RefusalTableProps {
  readonly refusals: readonly ConsoleRefusal[];
  readonly data: ConsoleRefusals;
  readonly now: number;
}

const pageSize = 50;

/** The refused calls, newest first, fifty at a time. */
export function RefusalTable({ refusals, data, now }: RefusalTableProps) {
  const [shown, setShown] = useState(pageSize);
  const rest = refusals.length - shown;
  return (
    <section aria-labelledby="calls">
      <h2 id="calls" class="section">
        Calls
      </h2>
      {refusals.length === 0 ? (
        <Empty title="No listed call matches">
          Only the last calls are listed, and those of callers that the CA refuses too often are only counted.
        </Empty>
      ) : (
        <ul class="calls">
          {refusals.slice(0, shown).map((refusal) => (
            <RefusalItem key={refusal.reference} refusal={refusal} source={data.source} now={now} />
          ))}
        </ul>
      )}
      {rest > 0 && (
        <button type="button" onClick={() => setShown(shown + pageSize)}>
          Show {countWords(Math.min(rest, pageSize))} more
        </button>
      )}
    </section>
  );
}
