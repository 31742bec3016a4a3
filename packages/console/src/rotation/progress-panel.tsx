import type { ConsoleRotation } from "../api.ts";
import { CopyableCommand } from "../parts/copyable-command.tsx";
import { Panel } from "../parts/panel.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { kasbahCommand } from "../words/command-words.ts";
import { GateView } from "./gate-view.tsx";
import { stageNames } from "./stage-track.ts";
import { TrackView } from "./track-view.tsx";

interface ProgressProps {
  readonly status: ConsoleRotation;
  readonly now: number;
}

/** The rotation in progress and what it waits for, or when the next one starts. */
export function ProgressPanel({ status, now }: ProgressProps) {
  const { rotation, epoch, paused } = status;
  const aside = `${paused ? "paused · " : ""}epoch ${epoch}`;
  if (rotation === undefined) return <IdlePanel status={status} now={now} aside={aside} />;
  const { kind, from, to, stage, since, mayAdvance, reason, earliest, leaf, aborted } = rotation;
  const next = stageNames[stageNames.indexOf(stage) + 1];
  return (
    <Panel title={`Rotation of the ${kind}`} aside={aside} wide>
      <p>
        {aborted ? "Aborted: the CA returns from " : "From "}
        <code>{from}</code> to <code>{to}</code>, {stage} since{" "}
        <TimeText at={since} now={now} show="distance" />.
      </p>
      <TrackView stage={stage} label={`Stages of the rotation to ${to}`} gate={{ open: mayAdvance }} />
      {next !== undefined && <GateView gate={{ next, open: mayAdvance, reason, earliest, leaf }} now={now} />}
    </Panel>
  );
}

function IdlePanel({ status, now, aside }: ProgressProps & { readonly aside: string }) {
  const { authorities, automatic, paused, source } = status;
  const planned = authorities
    .flatMap(({ id, kind, rotatesAt }) => (rotatesAt === undefined ? [] : [{ id, kind, rotatesAt }]))
    .sort((one, other) => Date.parse(one.rotatesAt) - Date.parse(other.rotatesAt));
  return (
    <Panel title="No rotation in progress" aside={aside} wide>
      {paused && (
        <p>Rotations are paused: the CA starts and continues none until an operator resumes them.</p>
      )}
      {planned.length > 0 ? (
        <ul class="plain-list">
          {planned.map(({ id, kind, rotatesAt }) => (
            <li key={id}>
              The CA replaces the {kind} <code>{id}</code> automatically <TimeText at={rotatesAt} now={now} />
              .
            </li>
          ))}
        </ul>
      ) : (
        <p>{automatic ? "No authority is due for a rotation." : "The CA starts no rotation by itself."}</p>
      )}
      <details class="more">
        <summary>Start a rotation</summary>
        <p class="muted">The console changes nothing. On a terminal:</p>
        <CopyableCommand command={kasbahCommand(source, "authority", "rotate")} />
      </details>
    </Panel>
  );
}
