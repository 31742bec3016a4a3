import type { PolledAnswer } from "../data/polled-answer.ts";
import { useNow } from "../data/use-answer.ts";
import { MarkedText } from "../parts/marked-text.tsx";
import { sentence } from "../words/headline.ts";
import { clockWords, distanceWords } from "../words/time-words.ts";

/** Says in the head of the page how old its data is. */
export function Freshness({ answer }: { readonly answer: PolledAnswer<unknown> }) {
  const now = useNow(1000);
  const { confirmedAt, failure } = answer;
  if (confirmedAt === undefined) return <p class="fresh">{failure === undefined ? "Loading…" : "No data"}</p>;
  const isStale = failure !== undefined;
  return (
    <p class={isStale ? "fresh stale" : "fresh"}>
      <span class="fresh-dot" aria-hidden="true" />
      {isStale ? `data from ${distanceWords(confirmedAt, now)}` : `updated ${clockWords(confirmedAt)}`}
    </p>
  );
}

/** Says why there is nothing newer, and what to do. It lies over the end of the page, so nothing moves. */
export function FailureBar({ answer }: { readonly answer: PolledAnswer<unknown> }) {
  const { failure, confirmedAt } = answer;
  return (
    <div class="failure-place" role="status">
      {failure !== undefined && (
        <div class="failure">
          <p>
            <strong>{sentence(failure.error.message)}</strong>{" "}
            {failure.error.fix !== undefined && <MarkedText text={sentence(failure.error.fix)} />}
          </p>
          <p class="failure-note">
            <code>{failure.error.code}</code>{" "}
            {confirmedAt === undefined
              ? ""
              : `The page keeps the data of ${clockWords(confirmedAt)} and tries again.`}
          </p>
        </div>
      )}
    </div>
  );
}
