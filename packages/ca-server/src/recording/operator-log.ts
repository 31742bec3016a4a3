import { type ActLog, entryVersion, type OperatorEntry } from "@kasbah/ledger";
import type { Clock } from "@kasbah/runtime";
import { CaError } from "../errors.ts";
import { appendEntry } from "./entries/append-entry.ts";

export interface OperatorLogDeps {
  readonly log: ActLog;
  readonly clock: Clock;
}

export type OperatorAct = Pick<OperatorEntry, "act" | "arguments" | "operatorUnverified">;

const maxReasonLength = 1_000;
const maxOperatorLength = 200;

/** Records the operations that operators request. */
export class OperatorLog {
  readonly #deps: OperatorLogDeps;

  constructor(deps: OperatorLogDeps) {
    this.#deps = deps;
  }

  /**
   * Runs an operation and resolves when it is recorded. If the ledger is not writable, the operation is not
   * started. If the ledger fails during the operation, the refusal states that the operation was done.
   *
   * @throws CaError `LEDGER_UNAVAILABLE`, and every error of the operation
   */
  async record<T>(act: OperatorAct, work: () => Promise<T>): Promise<T> {
    if (!this.#deps.log.writable)
      throw new CaError("LEDGER_UNAVAILABLE", "nothing was done, because the operation cannot be recorded");
    await this.#deps.log.makeRoom();
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

  /**
   * Records an operation, and runs it once the entry is durable: no crash may leave an effect without a record.
   * If the check refuses, or the operation fails, another entry says so.
   *
   * @throws CaError `LEDGER_UNAVAILABLE`, and every error of the check and the operation
   */
  async recordFirst<T>(
    act: OperatorAct,
    { check, work }: { check(): Promise<unknown>; work(): Promise<T> },
  ): Promise<T> {
    const refused = async (error: unknown): Promise<never> => {
      const reason = error instanceof Error ? error.message.slice(0, maxReasonLength) : String(error);
      await this.#append(act, { outcome: "refused", reason }).catch(() => undefined);
      throw error;
    };
    await check().catch(refused);
    await this.#deps.log.makeRoom();
    await this.#append(act, { outcome: "accepted" });
    return await work().catch(refused);
  }

  #append(act: OperatorAct, end: Pick<OperatorEntry, "outcome" | "reason">): Promise<void> {
    const time = this.#deps.clock.now().toISOString();
    const operatorUnverified = act.operatorUnverified?.slice(0, maxOperatorLength);
    const entry = { v: entryVersion, kind: "operator", time, ...act, operatorUnverified, ...end } as const;
    return appendEntry(this.#deps.log, entry);
  }
}
