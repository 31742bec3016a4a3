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
        <Empty
          title={source.kind === "stopped" ? "The CA is stopped" : "The CA does not report its activity"}
        >
          {source.kind === "stopped"
            ? "A stopped CA issues nothing. Start it, and this panel shows what it issues and refuses each minute."
            : "It is of an earlier release. Its ledger has the decisions: kasbah audit tail lists them."}
        </Empty>
      </Panel>
    );
  return (
    <Panel title={`Last ${pluralWords(activity.issued.length, "minute")}`} wide>
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
        <Sparkline {...shape} counts={issued} tone="issued" height={72}>
          <p>
            <span class="figure">{countWords(sumOf(issued))}</span> issued
          </p>
        </Sparkline>
        {refused.map(({ code, counts }) => (
          <Sparkline key={code} {...shape} counts={counts} tone="refused" height={36}>
            <p>
              <span class="figure">{countWords(sumOf(counts))}</span>{" "}
              <a href={routeHash("refusals", { code })}>
                <span class="unseen">refused with </span>
                {code}
              </a>
            </p>
          </Sparkline>
        ))}
        {refused.length === 0 && <p class="muted">No call was refused.</p>}
        <p class="axis" aria-hidden="true">
          <span>{durationWords(issued.length * bucketMs)} ago</span>
          <span>now</span>
        </p>
      </div>
      <details class="more">
        <summary>Every minute as a table</summary>
        <ActivityTable activity={activity} />
      </details>
    </>
  );
}
