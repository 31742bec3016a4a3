import type { LifeState } from "../words/lifetime.ts";

interface MeterProps {
  /** From 0 to 1. */
  readonly share: number;
  readonly state?: LifeState;
}

/** A share as a bar, for the eye only: words beside it say the same. */
export function Meter({ share, state = "good" }: MeterProps) {
  const percent = Math.round(Math.min(Math.max(share, 0), 1) * 100);
  return (
    <span class={`meter meter-${state}`} aria-hidden="true">
      <span class="meter-fill" style={{ width: `${percent}%` }} />
    </span>
  );
}
