import { lifeState, remainingShare } from "../words/lifetime.ts";
import { dateWords, expiryWords } from "../words/time-words.ts";
import { Meter } from "./meter.tsx";

interface ExpiryBarProps {
  readonly notBefore: number;
  readonly notAfter: number;
  readonly now: number;
}

/** How much of a lifetime is left, as a bar and in words. */
export function ExpiryBar({ notBefore, notAfter, now }: ExpiryBarProps) {
  const [share, state] = [remainingShare(notBefore, notAfter, now), lifeState(notBefore, notAfter, now)];
  return (
    <span class={`expiry expiry-${state}`} title={dateWords(notAfter)}>
      <Meter share={share} state={state} />
      <span class="expiry-words">
        {expiryWords(notAfter, now)}
        {state === "late" && <span class="tag tag-late">late</span>}
      </span>
    </span>
  );
}
