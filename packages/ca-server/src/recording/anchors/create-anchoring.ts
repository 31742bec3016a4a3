import {
  type AnchorStore,
  AnchorWriter,
  CheckpointCopy,
  type CheckpointTarget,
  type EntryLog,
  type LedgerDirectory,
  type LedgerOpening,
  listSegments,
  type TreeKeeper,
} from "@kasbah/ledger";
import type { KnownHeadsMessage } from "@kasbah/protocol";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerHead } from "../../authorities/rotation/authority-state.ts";
import { readKnownHeads } from "./known-heads.ts";
import { LedgerLossReport } from "./ledger-loss.ts";
import { PeerMemoryFile } from "./peers/memory.ts";
import { PeerLedgers } from "./peers/peer-ledgers.ts";

export interface AnchoringDeps {
  readonly directory: LedgerDirectory;
  readonly anchors: AnchorStore & { others(): readonly LedgerHead[] };
  readonly replica: string;
  readonly peersFile: string;
  readonly checkpointTo: CheckpointTarget | undefined;
  readonly opening: LedgerOpening;
  readonly tree: TreeKeeper;
  readonly log: EntryLog;
  readonly sweeps: { readonly anchor: Sweep; readonly copy: Sweep; readonly minute: Sweep };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known about the ledger outside of it. */
export interface Anchoring {
  readonly loss: LedgerLossReport;
  readonly peers: PeerLedgers;
  knownHeads(): Promise<KnownHeadsMessage>;
  readonly components: readonly Component[];
}

/** Records the head of the ledger elsewhere, and remembers the heads of other replicas. */
export function createAnchoring(deps: AnchoringDeps): Anchoring {
  const { directory, anchors, replica, checkpointTo, opening, tree, log, sweeps, clock, logger } = deps;
  const anchor = new AnchorWriter({
    ...{ tree, opening, anchors, sweep: sweeps.anchor, clock, logger },
    readFirst: async () => (await listSegments(directory.segments))[0]?.first ?? 0,
  });
  const copies =
    checkpointTo === undefined
      ? []
      : [new CheckpointCopy({ target: checkpointTo, tree, sweep: sweeps.copy, logger })];
  const peers = new PeerLedgers({
    ...{ others: () => anchors.others(), file: new PeerMemoryFile(deps.peersFile, logger) },
    ...{ log, sweep: sweeps.minute, clock, logger },
  });
  return {
    loss: new LedgerLossReport({ opening, tree, anchor, peers }),
    peers,
    knownHeads: () =>
      readKnownHeads({
        ...{ replica, peers, copy: checkpointTo, logger },
        findAnchor: () => anchors.find(tree.head?.origin),
      }),
    components: [...copies, anchor, peers],
  };
}
