import type { ConsoleAuthority, ConsoleRotation } from "../api.ts";
import { Fields, LabelledValue } from "../parts/fields.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { dateWords } from "../words/time-words.ts";
import { GateView } from "./gate-view.tsx";
import { LifeView } from "./life-view.tsx";
import { gateOf, stageMeanings } from "./stage-track.ts";
import { TrackView } from "./track-view.tsx";

interface AuthorityProps {
  readonly authority: ConsoleAuthority;
  readonly status: ConsoleRotation;
  readonly now: number;
}

/** One authority: its stage on the line, its validity, and the gate in front of the next stage. */
export function AuthorityCard({ authority, status, now }: AuthorityProps) {
  const { id, kind, origin, stage, signs, trusted, keyType, fingerprint } = authority;
  const gate = gateOf(authority, status);
  // The words of the gate of the rotation in progress have a panel of their own.
  const isAbove = status.rotation?.to === id;
  return (
    <li class="panel authority">
      <header class="panel-head">
        <h3>
          {id} <span class="muted">{kind}</span>
        </h3>
        <p class="tags">
          {signs && <span class="tag tag-good">signs</span>}
          {trusted && <span class="tag">trusted</span>}
          {origin === "plugged-in" && <span class="tag">plugged in</span>}
          {authority.distrustedAt !== undefined && <span class="tag tag-expired">distrusted</span>}
        </p>
      </header>
      <TrackView stage={stage} label={`Stages of ${id}`} small gate={gate} />
      <p class="muted">
        {stage}: {stageMeanings[stage]}.
      </p>
      {stage !== "retired" && <LifeView authority={authority} now={now} />}
      {gate !== undefined && !isAbove && <GateView gate={gate} now={now} />}
      <Fields>
        {authority.keyKeptUntil !== undefined && (
          <LabelledValue name="Key kept until">
            <TimeText at={authority.keyKeptUntil} now={now} />
          </LabelledValue>
        )}
        {authority.distrustedAt !== undefined && (
          <LabelledValue name="Distrusted">{dateWords(Date.parse(authority.distrustedAt))}</LabelledValue>
        )}
        <LabelledValue name="Key">{keyType}</LabelledValue>
        <LabelledValue name="SHA-256">
          <code title={fingerprint}>{fingerprint.slice(0, 16)}…</code>
        </LabelledValue>
      </Fields>
    </li>
  );
}
