import type { AnchorWriter, LedgerLoss, LedgerOpening, TreeKeeper } from "@kasbah/ledger";
import { OperationError } from "../../errors.ts";
import type { PeerLedgers } from "./peers/peer-ledgers.ts";

export interface LedgerLossDeps {
  readonly opening: Pick<LedgerOpening, "loss" | "accepted">;
  readonly tree: Pick<TreeKeeper, "publish">;
  readonly anchor: Pick<AnchorWriter, "writeNow">;
  readonly peers: Pick<PeerLedgers, "losses" | "warnings" | "accept">;
}

/** Losses of this replica's ledger and of its peers', which stay reported until an operator accepts them. */
export class LedgerLossReport {
  readonly #deps: LedgerLossDeps;

  constructor(deps: LedgerLossDeps) {
    this.#deps = deps;
  }

  /** All open losses as one; undefined if there is none. */
  get open(): LedgerLoss | undefined {
    const { opening, peers } = this.#deps;
    const [first] = peers.losses;
    if (first === undefined) return opening.loss;
    const others = peers.losses.map(({ replica, found }) => `the ledger of ${replica}: ${found}`);
    const { time, evidence } = opening.loss ?? { time: first.time, evidence: "" };
    return {
      time,
      evidence,
      found: [...(opening.loss === undefined ? [] : [opening.loss.found]), ...others].join("; "),
    };
  }

  warnings(): readonly string[] {
    const { opening, peers } = this.#deps;
    return [...ownWarnings(opening.loss), ...peers.warnings()];
  }

  /** @throws OperationError if no loss is open */
  requireOpen(): LedgerLoss {
    const { open } = this;
    if (open === undefined) throw new OperationError("no loss of a ledger needs to be accepted");
    return open;
  }

  /** Ends the reports. The entry about it must be in the ledger already; this signs it. */
  async accept(): Promise<LedgerLoss> {
    const { opening, tree, anchor, peers } = this.#deps;
    const accepted = this.requireOpen();
    await tree.publish();
    opening.accepted();
    await peers.accept();
    await anchor.writeNow();
    return accepted;
  }
}

function ownWarnings(loss: LedgerLoss | undefined): readonly string[] {
  if (loss === undefined) return [];
  const kept = loss.evidence === "" ? "" : `; what was left is in ledger/${loss.evidence}`;
  return [
    `LEDGER_LOST: ${loss.found} (found on ${loss.time})${kept}; examine what is left, then run kasbah audit accept-loss --reason …`,
  ];
}
