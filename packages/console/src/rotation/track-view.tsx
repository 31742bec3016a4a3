import type { ConsoleStage } from "../api.ts";
import { GateSign } from "./gate-sign.tsx";
import { stageMeanings, stageSteps } from "./stage-track.ts";

interface TrackProps {
  readonly stage: ConsoleStage;
  readonly label: string;
  readonly small?: boolean;
  /** The gate in front of the next stage, if something leads there. */
  readonly gate?: { readonly open: boolean } | undefined;
}

const stateWords = { done: "done", current: "now", next: "next", later: "later" } as const;

/** The five stages as stations of a line. It is a list, so it can be read without the picture. */
export function TrackView({ stage, label, small = false, gate }: TrackProps) {
  return (
    <>
      <ol class={small ? "track track-small" : "track"} aria-label={label}>
        {stageSteps(stage).map((step) => (
          <li
            key={step.stage}
            class={`station station-${step.state}`}
            aria-current={step.state === "current" ? "step" : undefined}
          >
            {step.state === "next" && gate !== undefined && (
              <span class="station-gate" aria-hidden="true">
                <GateSign open={gate.open} />
              </span>
            )}
            <span class="station-dot" aria-hidden="true" />
            <span class="station-name">{step.stage}</span>
            <span class={step.state === "later" ? "unseen" : "station-state"}>{stateWords[step.state]}</span>
          </li>
        ))}
      </ol>
      {!small && (
        <p class="muted">
          {stage}: {stageMeanings[stage]}.
        </p>
      )}
    </>
  );
}
