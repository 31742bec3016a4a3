import { entryVersion, type OperatorEntry } from "@kasbah/ledger";
import type { Clock } from "@kasbah/runtime";
import { CaError } from "../errors.ts";
import { appendEntry, type EntryLog } from "./append-entry.ts";

export interface OperatorLogDeps {
  readonly log: EntryLog & { readonly writable: boolean };
  readonly clock: Clock;
}

export type OperatorAct = Pick<OperatorEntry, "act" | "arguments" | "operatorUnverified">;

const maxReasonLength = 1_000;
const maxOperatorLength = 200;

/** Puts on record what operators tell the CA to do. */
export class OperatorLog {
  readonly #deps: OperatorLogDeps;

  constructor(deps: OperatorLogDeps) {
    this.#deps = deps;
  }

  /**
   * Does what an operator asked for, and answers when that is on record. Nothing is begun while the ledger can not be
   * written; one that fails just then leaves an act that was done, which the refusal says.
   *
   * @throws CaError `LEDGER_UNAVAILABLE`, and what the work throws
   */
  async record<T>(act: OperatorAct, work: () => Promise<T>): Promise<T> {
    if (!this.#deps.log.writable)
      throw new CaError("LEDGER_UNAVAILABLE", "nothing was done, because the operation cannot be recorded");
    let result: T;
    try {
      result = await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message.slice(0, maxReasonLength) : String(error);
      await this.#append(act, { outcome: "refused", reason });
      throw error;
    }
    await this.#append(act, { outcome: "accepted" }).catch((cause: unknown) => {
      const problem =
        "the operation was done but could not be recorded: check the status before you repeat it";
      throw new CaError("LEDGER_UNAVAILABLE", problem, { cause });
    });
    return result;
  }

  #append(act: OperatorAct, end: Pick<OperatorEntry, "outcome" | "reason">): Promise<void> {
    const time = this.#deps.clock.now().toISOString();
    const operatorUnverified = act.operatorUnverified?.slice(0, maxOperatorLength);
    const entry = { v: entryVersion, kind: "operator", time, ...act, operatorUnverified, ...end } as const;
    return appendEntry(this.#deps.log, entry);
  }
}
