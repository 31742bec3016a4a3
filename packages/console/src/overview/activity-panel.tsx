import type { ConsoleActivity, ConsoleStatus } from "../api.ts";
import { Sparkline } from "../chart/sparkline.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { routeHash } from "../shell/route.ts";
import { countWords, pluralWords } from "../words/count-words.ts";
import { sumOf } from "../words/headline.ts";
import { durationWords } from "../words/time-words.ts";
import { ActivityTable } from "./activity-table.tsx";

/** What the CA issued and refused in the last hour, as pictures and as a table. */
export function ActivityPanel({ status: { activity, source } }: { readonly status: ConsoleStatus }) {
  if (activity === undefined)
    return (
      <Panel title="Activity" wide>
        <Empty title="The CA does not report its activity">
          {source.kind === "stopped"
            ? "A stopped CA issues nothing. Start it, and this panel shows what it issues and refuses each minute."
            : "It is of an earlier release. Its ledger has the decisions: kasbah audit tail lists them."}
        </Empty>
      </Panel>
    );
  return (
    <Panel title={`Last ${durationWords(activity.issued.length * activity.bucketMs)}`} wide>
      <Activity activity={activity} />
    </Panel>
  );
}

function Activity({ activity }: { readonly activity: ConsoleActivity }) {
  const { issued, bucketMs } = activity;
  const shape = { endsAt: Date.parse(activity.endsAt), bucketMs };
  const refused = activity.refused.toSorted((one, other) => sumOf(other.counts) - sumOf(one.counts));
  return (
    <>
      <div class="activity">
        <div class="activity-row">
          <p class="activity-name">
            <span class="figure">{countWords(sumOf(issued))}</span> issued
          </p>
          <Sparkline {...shape} counts={issued} unit="issued" tone="issued" height={72} />
        </div>
        {refused.map(({ code, counts }) => (
          <div class="activity-row" key={code}>
            <p class="activity-name">
              <span class="figure">{countWords(sumOf(counts))}</span> refused
              <a class="code-link" href={routeHash("refusals", { code })}>
                {code}
              </a>
            </p>
            <Sparkline {...shape} counts={counts} unit="refused" tone="refused" height={36} />
          </div>
        ))}
        {refused.length === 0 && <p class="muted activity-none">No call was refused.</p>}
        <p class="axis" aria-hidden="true">
          <span>{durationWords(issued.length * bucketMs)} ago</span>
          <span>now</span>
        </p>
      </div>
      <details class="more">
        <summary>{pluralWords(issued.length, "minute")} as a table</summary>
        <ActivityTable activity={activity} />
      </details>
    </>
  );
}
