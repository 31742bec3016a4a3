import type { ConsoleClock, ConsoleReplica } from "../api.ts";
import { Fields, LabelledValue } from "../parts/fields.tsx";
import { LevelMark } from "../parts/level-mark.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { countWords, pluralWords } from "../words/count-words.ts";
import { sentence } from "../words/headline.ts";
import { durationWords } from "../words/time-words.ts";
import { LedgerFields } from "./ledger-fields.tsx";

interface ReplicaProps {
  readonly replica: ConsoleReplica;
  readonly now: number;
}

export function ReplicaCard({ replica, now }: ReplicaProps) {
  const { name, role, ready, reasons, warnings, failure, version, startedAt, clock, ledger, port } = replica;
  const isWell = ready === true && warnings.length === 0;
  const level = isWell ? "ok" : ready === false && role !== "stopped" ? "critical" : "warning";
  return (
    <li class="replica">
      <h3 class="replica-name">
        <LevelMark level={level} />
        {name === "" ? "kasbah-server" : name}
        {role !== "single" && <span class="tag">{role}</span>}
      </h3>
      {[failure ?? "", ...reasons, ...warnings].filter(Boolean).map((text) => (
        <p key={text} class="replica-note">
          {sentence(text)}
        </p>
      ))}
      <Fields>
        {clock !== undefined && <LabelledValue name="Clock">{clockStateWords(clock)}</LabelledValue>}
        {ledger !== undefined && <LedgerFields ledger={ledger} isStopped={role === "stopped"} />}
        {port !== undefined && role !== "stopped" && (
          <LabelledValue name="Port">
            {port.maxConnections === 0
              ? pluralWords(port.connections, "connection")
              : `${countWords(port.connections)} of ${pluralWords(port.maxConnections, "connection")}`}
            <span class="muted">
              {" "}
              · {pluralWords(port.inFlight, "call")}, {countWords(port.waiting)} waiting
            </span>
          </LabelledValue>
        )}
        {startedAt !== undefined && (
          <LabelledValue name="Started">
            <TimeText at={startedAt} now={now} show="distance" />
            {version !== undefined && <span class="muted"> · version {version}</span>}
          </LabelledValue>
        )}
      </Fields>
    </li>
  );
}

function clockStateWords({ state, reason, aheadMs }: ConsoleClock): string {
  const off = aheadMs === undefined || Math.abs(aheadMs) < 1000 ? "" : offWords(aheadMs);
  return [
    state,
    ...(reason === undefined || reason === "" ? [] : [reason]),
    ...(off === "" ? [] : [off]),
  ].join(", ");
}

function offWords(aheadMs: number): string {
  return `wall clock ${durationWords(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead" : "behind"}`;
}
