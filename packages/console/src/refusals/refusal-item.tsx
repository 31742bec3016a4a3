import type { ConsoleRefusal, ConsoleSource } from "../api.ts";
import { CopyableCommand } from "../parts/copyable-command.tsx";
import { Fields, LabelledValue } from "../parts/fields.tsx";
import { MarkedText } from "../parts/marked-text.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { kasbahCommand } from "../words/command-words.ts";
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
          <CopyableCommand command={kasbahCommand(source, "why", reference)} />
          <Fields>
            <LabelledValue name="Problem">
              <MarkedText text={problem} />
            </LabelledValue>
            {fix !== undefined && fix !== "" && (
              <LabelledValue name="Fix">
                <MarkedText text={fix} />
              </LabelledValue>
            )}
            <LabelledValue name="Time">
              <TimeText at={time} now={now} />
            </LabelledValue>
            <LabelledValue name="Caller">{caller ?? "not authenticated"}</LabelledValue>
            {subject !== undefined && subject !== caller && (
              <LabelledValue name="Asked for">{subject}</LabelledValue>
            )}
            <LabelledValue name="Address">{peer}</LabelledValue>
            {traceId !== undefined && (
              <LabelledValue name="Trace">
                <code>{traceId}</code>
              </LabelledValue>
            )}
            {replica !== undefined && <LabelledValue name="Replica">{replica}</LabelledValue>}
          </Fields>
        </div>
      </details>
    </li>
  );
}
