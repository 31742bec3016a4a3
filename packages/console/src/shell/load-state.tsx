import type { PolledAnswer } from "../data/polled-answer.ts";

/** What a page shows before its first answer. */
export function LoadState({ answer }: { readonly answer: PolledAnswer<unknown> }) {
  return (
    <div class="load" aria-busy={answer.failure === undefined}>
      <p>{answer.failure === undefined ? "Loading…" : "There is no data yet."}</p>
    </div>
  );
}
