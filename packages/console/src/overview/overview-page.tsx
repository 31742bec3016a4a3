import type { ConsoleStatus } from "../api.ts";
import type { PolledAnswer } from "../data/polled-answer.ts";
import { useCaTime } from "../data/use-answer.ts";
import { LevelMark } from "../parts/level-mark.tsx";
import { LoadState } from "../shell/load-state.tsx";
import { activityWords, headlineOf } from "../words/headline.ts";
import { ActivityPanel } from "./activity-panel.tsx";
import { FindingList } from "./finding-list.tsx";
import { IdentitiesPanel } from "./identities-panel.tsx";
import { ReplicasPanel } from "./replicas-panel.tsx";
import { RotationPanel } from "./rotation-panel.tsx";

export function OverviewPage({ answer }: { readonly answer: PolledAnswer<ConsoleStatus> }) {
  const now = useCaTime(answer);
  const { data } = answer;
  if (data === undefined) return <LoadState answer={answer} />;
  const activity = activityWords(data);
  return (
    <>
      <div class={`headline headline-${data.level}`}>
        <LevelMark level={data.level} />
        <div>
          <p class="headline-text">{headlineOf(data)}</p>
          <p class="muted">
            {data.trustDomain !== undefined && <>Trust domain {data.trustDomain}. </>}
            {activity}
          </p>
        </div>
      </div>
      <FindingList findings={data.findings} />
      <div class="panels">
        <ActivityPanel status={data} />
        <RotationPanel status={data} now={now} />
        <IdentitiesPanel status={data} now={now} />
        <ReplicasPanel status={data} now={now} />
      </div>
    </>
  );
}
