import type { ConsoleAuthority } from "../api.ts";
import { dateWords, distanceWords, expiryWords } from "../words/time-words.ts";
import { lifeLineOf } from "./life-line.ts";

interface LifeProps {
  readonly authority: ConsoleAuthority;
  readonly now: number;
}

/** The validity of an authority as a line from its first to its last day, with its marks in words below. */
export function LifeView({ authority, now }: LifeProps) {
  const { notBefore, notAfter, passed, marks } = lifeLineOf(authority, now);
  return (
    <div class="life">
      <div class="life-line" aria-hidden="true">
        <span class="life-passed" style={{ width: `${passed * 100}%` }} />
        {marks.map(({ label, share }) => (
          <span key={label} class="life-mark" style={{ left: `${share * 100}%` }} />
        ))}
        <span class="life-now" style={{ left: `${passed * 100}%` }} />
      </div>
      <p class="life-ends">
        <span>valid from {dateWords(notBefore)}</span>
        <span title={dateWords(notAfter)}>{expiryWords(notAfter, now)}</span>
      </p>
      {marks.length > 0 && (
        <ul class="life-marks">
          {marks.map(({ label, at }) => (
            <li key={label}>
              <span class="life-mark-sign" aria-hidden="true" /> {label} {distanceWords(at, now)}{" "}
              <span class="muted nowrap">({dateWords(at)})</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
