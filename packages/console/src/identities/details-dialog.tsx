import { useEffect, useId, useRef } from "preact/hooks";
import type { ConsoleSource } from "../api.ts";
import { CopyableCommand } from "../parts/copyable-command.tsx";
import { ExpiryBar } from "../parts/expiry-bar.tsx";
import { Fields, LabelledValue } from "../parts/fields.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { kasbahCommand } from "../words/command-words.ts";
import type { IdentityRow } from "./identity-rows.ts";

interface DetailsProps {
  readonly row: IdentityRow;
  readonly source: ConsoleSource;
  readonly now: number;
  readonly close: () => void;
}

/** Everything about one identity, and the commands that tell more. */
export function DetailsDialog({ row, source, now, close }: DetailsProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const { spiffeId, serial, pod, replica, notBefore, notAfter, issuedAt } = row.identity;
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={title} onClose={close}>
      <header class="dialog-head">
        <h2 id={title}>{row.name}</h2>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </header>
      <ExpiryBar notBefore={row.notBefore} notAfter={row.notAfter} now={now} />
      <Fields>
        <LabelledValue name="SPIFFE ID">
          <code>{spiffeId}</code>
        </LabelledValue>
        <LabelledValue name="Serial">
          <code>{serial}</code>
        </LabelledValue>
        <LabelledValue name="Issued">
          <TimeText at={issuedAt} now={now} />
        </LabelledValue>
        <LabelledValue name="Valid from">
          <TimeText at={notBefore} now={now} />
        </LabelledValue>
        <LabelledValue name="Expires">
          <TimeText at={notAfter} now={now} />
        </LabelledValue>
        {pod !== undefined && <LabelledValue name="Pod">{pod}</LabelledValue>}
        {replica !== undefined && <LabelledValue name="Replica">{replica}</LabelledValue>}
      </Fields>
      <h3>More on a terminal</h3>
      <p class="muted">All certificates of this identity:</p>
      <CopyableCommand command={kasbahCommand(source, "audit", "who", spiffeId)} />
      <p class="muted">The policy rule that applies to it:</p>
      <CopyableCommand command={kasbahCommand(source, "why", spiffeId)} />
    </dialog>
  );
}
