import type { AnchorWriter, LedgerLoss, LedgerOpening, TreeKeeper } from "@kasbah/ledger";
import { OperationError } from "../../errors.ts";

export interface LedgerLossDeps {
  readonly opening: Pick<LedgerOpening, "loss" | "accepted">;
  readonly tree: Pick<TreeKeeper, "publish">;
  readonly anchor: Pick<AnchorWriter, "writeNow">;
}

/** A loss of the ledger, which stays reported until an operator accepts it. */
export class LedgerLossReport {
  readonly #deps: LedgerLossDeps;

  constructor(deps: LedgerLossDeps) {
    this.#deps = deps;
  }

  get open(): LedgerLoss | undefined {
    return this.#deps.opening.loss;
  }

  warnings(): readonly string[] {
    const { open } = this;
    if (open === undefined) return [];
    const kept =
      open.evidence === "" ? "nothing was left of it" : `what was left is in ledger/${open.evidence}`;
    return [
      `LEDGER_LOST: the ledger was lost on ${open.time}: ${open.found}; ${kept}; examine it, then run kasbah audit accept-loss`,
    ];
  }

  /** @throws OperationError if no loss is open */
  requireOpen(): LedgerLoss {
    const { open } = this;
    if (open === undefined) throw new OperationError("no loss of the ledger needs to be accepted");
    return open;
  }

  /** Ends the report. The entry about it must be in the ledger already; this signs it. */
  async accept(): Promise<LedgerLoss> {
    const { opening, tree, anchor } = this.#deps;
    const accepted = this.requireOpen();
    await tree.publish();
    opening.accepted();
    await anchor.writeNow();
    return accepted;
  }
}
