import { Moment } from "../parts/moment.tsx";
import { sentence } from "../words/headline.ts";
import type { Gate } from "./stage-track.ts";

/** What stands between an authority and its next stage: whether it is open, why, and until when. */
export function GateView({ gate, now }: { readonly gate: Gate; readonly now: number }) {
  const { next, open, reason, earliest, leaf } = gate;
  return (
    <div class={open ? "gate gate-open" : "gate"}>
      <GateSign open={open} />
      <div>
        <p>
          <strong>
            Next: {next}, {open ? "may begin now" : "not yet"}.
          </strong>{" "}
          {sentence(reason)}
        </p>
        {earliest !== undefined && (
          <p>
            Earliest <Moment at={earliest} now={now} />
          </p>
        )}
        {leaf !== undefined && (
          <p>
            Held by <code>{leaf.spiffeId}</code>, serial <code>{leaf.serial}</code>, which expires{" "}
            <Moment at={leaf.notAfter} now={now} />
          </p>
        )}
      </div>
    </div>
  );
}

function GateSign({ open }: { readonly open: boolean }) {
  return (
    <svg class="gate-sign" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="3" y="7" width="10" height="7.5" rx="1.5" />
      <path d={open ? "M5.2 7V4.6a2.8 2.8 0 0 1 5.4-1" : "M5.2 7V4.6a2.8 2.8 0 0 1 5.6 0V7"} />
    </svg>
  );
}
