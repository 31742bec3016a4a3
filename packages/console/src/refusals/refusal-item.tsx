import type { ConsoleRefusal, ConsoleSource } from "../api.ts";
import { CopyableCommand } from "../parts/copyable-command.tsx";
import { Field, Fields } from "../parts/fields.tsx";
import { MarkedText } from "../parts/marked-text.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { commandFor } from "../words/command-words.ts";
import { callerWords } from "./choose-refusals.ts";

interface RefusalItemProps {
  readonly refusal: ConsoleRefusal;
  readonly source: ConsoleSource;
  readonly now: number;
}

/** One refused call as a line that opens to its details and the command that explains it. */
export function RefusalItem({ refusal, source, now }: RefusalItemProps) {
  const { time, reference, code, problem, fix, caller, subject, peer, traceId, replica } = refusal;
  return (
    <li class="call">
      <details>
        <summary>
          <span class="call-time">
            <TimeText at={time} now={now} show="distance" />
          </span>
          <code class="call-code">{code}</code>
          <span class="call-caller">{callerWords(refusal)}</span>
          <code class="call-reference">{reference}</code>
          <span class="call-problem">{problem}</span>
        </summary>
        <div class="call-details">
          <CopyableCommand command={commandFor(source, "why", reference)} />
          <Fields>
            <Field name="Problem">
              <MarkedText text={problem} />
            </Field>
            {fix !== undefined && (
              <Field name="Fix">
                <MarkedText text={fix} />
              </Field>
            )}
            <Field name="Time">
              <TimeText at={time} now={now} />
            </Field>
            <Field name="Caller">{caller ?? "not authenticated"}</Field>
            {subject !== undefined && subject !== caller && <Field name="Asked for">{subject}</Field>}
            <Field name="Address">{peer}</Field>
            {traceId !== undefined && (
              <Field name="Trace">
                <code>{traceId}</code>
              </Field>
            )}
            {replica !== undefined && <Field name="Replica">{replica}</Field>}
          </Fields>
        </div>
      </details>
    </li>
  );
}
