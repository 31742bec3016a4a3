import type { ConsoleActivity } from "../api.ts";
import { bucketStart } from "../chart/spark-geometry.ts";
import { ScrollArea } from "../parts/scroll-area.tsx";
import { countWords } from "../words/count-words.ts";
import { clockWords } from "../words/time-words.ts";

/** The values of the sparklines, newest first. */
export function ActivityTable({ activity }: { readonly activity: ConsoleActivity }) {
  const { issued, refused, bucketMs } = activity;
  const endsAt = Date.parse(activity.endsAt);
  const rows = issued.map((count, index) => ({ index, count })).toReversed();
  return (
    <ScrollArea label="Activity by minute">
      <table class="table numbers">
        <thead>
          <tr>
            <th scope="col">Minute (UTC)</th>
            <th scope="col">Issued</th>
            {refused.map(({ code }) => (
              <th scope="col" key={code}>
                {code}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ index, count }) => (
            <tr key={bucketStart(index, issued.length, endsAt, bucketMs)}>
              <th scope="row">
                {clockWords(bucketStart(index, issued.length, endsAt, bucketMs)).slice(0, 5)}
              </th>
              <td>{countWords(count)}</td>
              {refused.map(({ code, counts }) => (
                <td key={code}>{countWords(counts[index] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollArea>
  );
}
