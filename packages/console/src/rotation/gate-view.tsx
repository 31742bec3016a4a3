import { TimeText } from "../parts/time-text.tsx";
import { sentence } from "../words/headline.ts";
import { GateSign } from "./gate-sign.tsx";
import type { Gate } from "./stage-track.ts";

/** What stands between an authority and its next stage: whether it is open, why, and until when. */
export function GateView({ gate, now }: { readonly gate: Gate; readonly now: number }) {
  const { next, open, reason, earliest, leaf } = gate;
  return (
    <div class="gate">
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
            Earliest: <TimeText at={earliest} now={now} />
          </p>
        )}
        {leaf !== undefined && (
          <p>
            Held by <code>{leaf.spiffeId}</code>, serial <code>{leaf.serial}</code>, which expires{" "}
            <TimeText at={leaf.notAfter} now={now} />
          </p>
        )}
      </div>
    </div>
  );
}
