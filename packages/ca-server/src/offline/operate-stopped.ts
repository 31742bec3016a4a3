import type { OperatorAct } from "../recording/operator-log.ts";
import type { LockHolder } from "../store/directory-lock.ts";
import { readAuthorityState } from "./offline-status.ts";
import { type OpeningOptions, openStopped, type StoppedCa } from "./open-stopped.ts";
import { withOperatorLog } from "./with-operator-log.ts";
import { withStateLock } from "./with-state-lock.ts";

export interface StoppedCaOptions extends OpeningOptions {
  readonly stateDirectory: string;
  readonly holder: LockHolder;
}

/** An operation with its entry in the ledger. */
export interface StoppedAct<T> extends OperatorAct {
  /** If present, the ledger contains the operation before it takes effect, as far as this does not refuse it. */
  check?(ca: StoppedCa): Promise<unknown>;
  work(ca: StoppedCa): Promise<T>;
}

/**
 * Performs an operator's act on the stored state of a CA that does not run, with the same code as a running one,
 * and records it in the ledger.
 *
 * @throws StateError `STATE_LOCKED` if the CA runs, and every error that would prevent its start; OperationError;
 * CaError `LEDGER_UNAVAILABLE`
 */
export async function operateStopped<T>(
  { check, work, ...act }: StoppedAct<T>,
  options: StoppedCaOptions,
): Promise<T> {
  const { stateDirectory, holder } = options;
  // Reads first, so that a wrong directory is reported and stays unchanged.
  await readAuthorityState(stateDirectory);
  return withStateLock(stateDirectory, holder, (state) =>
    withOperatorLog(state, options, async (log) => {
      let opened: Promise<StoppedCa> | undefined;
      const open = () => (opened ??= openStopped(state, act, options));
      const run = async () => work(await open());
      if (check === undefined) return log.record(act, run);
      return log.recordFirst(act, { check: async () => check(await open()), work: run });
    }),
  );
}
