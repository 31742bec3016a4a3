import { anchorOfCopy, type CheckpointTarget, type LedgerAnchor } from "@kasbah/ledger";
import type { KnownHeadMessage, KnownHeadsMessage } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { replicaName } from "./peers/change.ts";
import type { PeerLedgers } from "./peers/peer-ledgers.ts";

export interface KnownHeadsDeps {
  /** The name of this replica. */
  readonly replica: string;
  /** Returns the anchor of this replica's ledger. */
  readonly findAnchor: () => LedgerAnchor | undefined;
  readonly peers: Pick<PeerLedgers, "heads" | "earlier">;
  readonly copy: CheckpointTarget | undefined;
  readonly logger: Logger;
}

/** The heads that this replica knows from outside its ledger, which `kasbah audit verify` compares with it. */
export async function readKnownHeads(deps: KnownHeadsDeps): Promise<KnownHeadsMessage> {
  const { replica, findAnchor, peers, copy, logger } = deps;
  const anchor = findAnchor();
  const copied =
    copy &&
    (await anchorOfCopy(copy).catch((error: unknown) => {
      logger.warn("cannot read the copied checkpoint of the ledger", { error });
      return undefined;
    }));
  const own = (where: string, head: LedgerAnchor | undefined) =>
    head ? [namedHead(where, replica, head)] : [];
  return {
    replica,
    heads: [
      ...own("the control state", anchor),
      ...own(copy?.name ?? "", copied && { ...copied, time: "" }),
      ...[...peers.heads, ...peers.earlier].map((head) =>
        namedHead(`the replica ${replica}`, replicaName(head), head),
      ),
    ],
  };
}

export function namedHead(where: string, replica: string, head: LedgerAnchor): KnownHeadMessage {
  const { origin, size, root, time, loss } = head;
  return { where, replica, origin, size, root, time, ...(loss === undefined ? {} : { loss }) };
}
