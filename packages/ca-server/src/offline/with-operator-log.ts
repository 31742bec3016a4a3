import { actsOf, createSegmentLog, prepareLedgerDirectory } from "@kasbah/ledger";
import type { Clock, Logger } from "@kasbah/runtime";
import { OperatorLog } from "../recording/operator-log.ts";
import type { StateDirectory } from "../store/state-directory.ts";

/** Appends to the ledger of a stopped CA as a running CA does. The CA adds the entries to its tree when it starts. */
export async function withOperatorLog<T>(
  { ledger }: Pick<StateDirectory, "ledger">,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  work: (log: OperatorLog) => Promise<T>,
): Promise<T> {
  const directory = await prepareLedgerDirectory(ledger);
  const log = createSegmentLog(directory, { onDurable: () => undefined, clock, logger });
  await log.start();
  try {
    return await work(new OperatorLog({ log: actsOf(log), clock }));
  } finally {
    await log.stop();
  }
}
