import { dateWords, distanceWords, isoWords } from "../words/time-words.ts";

interface TimeTextProps {
  readonly at: string;
  readonly now: number;
  /** `distance` shows only `in 5 h`; the date is in the title. */
  readonly show?: "both" | "distance" | "date";
}

/** A time for people: its distance from now, and the date in UTC. */
export function TimeText({ at, now, show = "both" }: TimeTextProps) {
  const time = Date.parse(at);
  const [date, distance] = [dateWords(time), distanceWords(time, now)];
  return (
    <time dateTime={isoWords(time)} title={show === "distance" ? date : distance}>
      {show === "both" ? (
        <>
          {distance} <span class="muted nowrap">({date})</span>
        </>
      ) : show === "distance" ? (
        distance
      ) : (
        date
      )}
    </time>
  );
}
