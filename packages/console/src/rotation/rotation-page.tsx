import type { ConsoleRotation } from "../api.ts";
import type { PolledAnswer } from "../data/polled-answer.ts";
import { useCaTime } from "../data/use-answer.ts";
import { LevelMark } from "../parts/level-mark.tsx";
import { MarkedText } from "../parts/marked-text.tsx";
import { Empty } from "../parts/panel.tsx";
import { LoadState } from "../shell/load-state.tsx";
import { pluralWords } from "../words/count-words.ts";
import { sentence } from "../words/headline.ts";
import { AuthorityCard } from "./authority-card.tsx";
import { ClientsPanel } from "./clients-panel.tsx";
import { ProgressPanel } from "./progress-panel.tsx";
import { groupAuthorities } from "./stage-track.ts";

export function RotationPage({ answer }: { readonly answer: PolledAnswer<ConsoleRotation> }) {
  const now = useCaTime(answer);
  const { data } = answer;
  if (data === undefined) return <LoadState answer={answer} />;
  const { current, retired } = groupAuthorities(data.authorities);
  return (
    <>
      <ProgressPanel status={data} now={now} />
      <Notes status={data} />
      <h2 class="section">Authorities</h2>
      {current.length === 0 && (
        <Empty title="No authority">The CA creates its first root when it starts.</Empty>
      )}
      <ul class="authorities">
        {current.map((authority) => (
          <AuthorityCard key={authority.id} authority={authority} status={data} now={now} />
        ))}
      </ul>
      {retired.length > 0 && (
        <details class="more">
          <summary>{pluralWords(retired.length, "retired authority", "retired authorities")}</summary>
          <ul class="authorities">
            {retired.map((authority) => (
              <AuthorityCard key={authority.id} authority={authority} status={data} now={now} />
            ))}
          </ul>
        </details>
      )}
      <ClientsPanel status={data} now={now} />
    </>
  );
}

/** Warnings, and replicas that report another state. */
function Notes({ status: { warnings, differing = [] } }: { readonly status: ConsoleRotation }) {
  const texts = [
    ...warnings,
    ...differing.map(
      (replica) =>
        `${replica} reports a different state: compare the replicas with \`kasbah authority list\``,
    ),
  ];
  if (texts.length === 0) return null;
  return (
    <ul class="notes">
      {texts.map((text) => (
        <li key={text}>
          <LevelMark level="warning" />
          <MarkedText text={sentence(text)} />
        </li>
      ))}
    </ul>
  );
}
