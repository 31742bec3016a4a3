import type { ConsoleLedger } from "../api.ts";
import { LabelledValue } from "../parts/fields.tsx";
import { Meter } from "../parts/meter.tsx";
import { pluralWords, sizeWords } from "../words/count-words.ts";

interface LedgerProps {
  readonly ledger: ConsoleLedger;
  /** A stopped CA writes nothing, so that is no failure. */
  readonly isStopped: boolean;
}

/** The ledger, and the disk below it. */
export function LedgerFields({ ledger, isStopped }: LedgerProps) {
  const { writable, failure = "", entries, signed, bytes, limitBytes = 0, diskFree, diskSize, loss } = ledger;
  const unsigned = Math.max(0, entries - signed);
  return (
    <>
      <LabelledValue name="Ledger">
        {writable || isStopped
          ? pluralWords(entries, "entry", "entries")
          : `not writable${failure === "" ? "" : `: ${failure}`}`}
        <span class="muted">
          {" "}
          · {unsigned === 0 ? "all signed" : `${pluralWords(unsigned, "entry", "entries")} not signed yet`}
        </span>
        {loss !== undefined && loss !== "" && <> · {loss}</>}
      </LabelledValue>
      {limitBytes === 0 ? (
        <LabelledValue name="Size">{sizeWords(bytes)}</LabelledValue>
      ) : (
        <LabelledValue name="Size">
          <Meter share={bytes / limitBytes} state={bytes > 0.9 * limitBytes ? "late" : "good"} />
          {sizeWords(bytes)} of {sizeWords(limitBytes)}
        </LabelledValue>
      )}
      {diskFree !== undefined && diskSize !== undefined && diskSize > 0 && (
        <LabelledValue name="Disk">
          <Meter share={1 - diskFree / diskSize} state={diskFree < 0.1 * diskSize ? "late" : "good"} />
          {sizeWords(diskFree)} free of {sizeWords(diskSize)}
        </LabelledValue>
      )}
    </>
  );
}
