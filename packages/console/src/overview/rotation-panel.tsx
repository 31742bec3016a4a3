import type { ConsoleStatus } from "../api.ts";
import { Fields, LabelledValue } from "../parts/fields.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { routeHash } from "../shell/route.ts";

/** The rotation in progress, or the one that starts next. */
export function RotationPanel({ status, now }: { readonly status: ConsoleStatus; readonly now: number }) {
  const { nextRotation: next } = status;
  const link = <a href={routeHash("rotation")}>Rotation</a>;
  if (next === undefined)
    return (
      <Panel title="Next rotation" aside={link}>
        <Empty title="No rotation is planned">
          Plugged-in authorities, and those of a CA that does not rotate by itself, are replaced by an
          operator.
        </Empty>
      </Panel>
    );
  const inProgress = next.stage !== undefined;
  return (
    <Panel title={inProgress ? "Rotation in progress" : "Next rotation"} aside={link}>
      {next.at !== undefined && (
        <p class="figure-line">
          {inProgress && "Next stage "}
          <TimeText at={next.at} now={now} />
          {inProgress && " at the earliest"}
        </p>
      )}
      <Fields>
        <LabelledValue name="Authority">
          <code>{next.authority}</code>
          {next.successor !== undefined && (
            <>
              {" "}
              to <code>{next.successor}</code>
            </>
          )}{" "}
          <span class="muted">{next.kind}</span>
        </LabelledValue>
        {next.stage !== undefined && <LabelledValue name="Stage">{next.stage}</LabelledValue>}
        {next.reason !== undefined && (
          <LabelledValue name={inProgress ? "Waits for" : "Reason"}>{next.reason}</LabelledValue>
        )}
      </Fields>
    </Panel>
  );
}
