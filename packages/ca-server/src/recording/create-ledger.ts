import type { KeyObject } from "node:crypto";
import {
  type ActLog,
  type AnchorStore,
  AnchorWriter,
  actsOf,
  anchorOfCopy,
  CheckpointCopy,
  type CheckpointTarget,
  createSegmentStore,
  type EntryIndex,
  type EntryLog,
  type EntryStore,
  encodeEntry,
  type IssuedEntry,
  type LedgerDirectory,
  type LedgerLimit,
  LedgerOpening,
  listSegments,
  openLedgerKey,
  RefusalLog,
  readLedgerVerifier,
  TreeKeeper,
} from "@kasbah/ledger";
import type { KnownHeadsMessage } from "@kasbah/protocol";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerHead } from "../authorities/rotation/authority-state.ts";
import type { LedgerMetrics } from "../telemetry/ledger-metrics.ts";
import { Alarms } from "./alarms.ts";
import { readKnownHeads } from "./anchors/known-heads.ts";
import { LedgerLossReport } from "./anchors/ledger-loss.ts";
import { PeerMemoryFile } from "./anchors/peers/memory.ts";
import { PeerLedgers } from "./anchors/peers/peer-ledgers.ts";
import { Decisions } from "./decisions.ts";
import { OperatorLog } from "./operator-log.ts";
import { PeerLimit } from "./peer-limit.ts";
import { ServingLog } from "./serving-log.ts";
import { SpaceReport } from "./space-report.ts";

export interface LedgerDeps {
  readonly directory: LedgerDirectory;
  readonly trustDomain: string;
  /** Returns an Ed25519 private key for a new ledger. */
  readonly newKey: () => KeyObject;
  /** How long entries are kept. */
  readonly retentionMs: number;
  /** The most bytes that the ledger may take. */
  readonly spaceLimit: LedgerLimit;
  readonly sweeps: {
    readonly second: Sweep;
    readonly minute: Sweep;
    readonly hour: Sweep;
    /** When to record the head of the ledger outside the ledger. */
    readonly anchor: Sweep;
    /** When to copy the checkpoint. */
    readonly copy: Sweep;
    /** When to measure the ledger, and to delete its oldest entries if it is too large. */
    readonly space: Sweep;
  };
  readonly anchors: AnchorStore & { others(): readonly LedgerHead[] };
  /** The name of this replica. */
  readonly replica: string;
  /** The file in which this replica remembers the ledgers of the others. */
  readonly peersFile: string;
  /** Whether a lost ledger prevents the start. */
  readonly strict: boolean;
  /** Where the checkpoint is copied; undefined if nowhere. */
  readonly checkpointTo: CheckpointTarget | undefined;
  readonly metrics: LedgerMetrics;
  /** The reason why nothing irreversible may happen now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The CA's ledger and the components that write and index it. */
export interface CaLedger {
  readonly decisions: Decisions;
  readonly operators: OperatorLog;
  readonly serving: ServingLog;
  /** Finds decisions that are no longer in memory. */
  readonly index: Pick<EntryIndex, "find" | "holders">;
  readonly log: EntryLog;
  /** The log for what operators and the CA itself do, which has reserved space. */
  readonly acts: ActLog;
  readonly space: SpaceReport;
  readonly tree: TreeKeeper;
  readonly loss: LedgerLossReport;
  readonly peers: PeerLedgers;
  /** The heads that are known from outside the ledger. */
  knownHeads(): Promise<KnownHeadsMessage>;
  readonly components: readonly Component[];
  /** Resolves when the tree and the index contain all durable entries; for tests and measurements. */
  settled(): Promise<void>;
}

/**
 * The limit for one address or one authenticated caller. A caller that reads its refusals and retries stays
 * below it.
 */
const refusalsRate = { burst: 30, perMinute: 30 };

/** Creates the ledger of one writing process. It opens no file before its components start. */
export function createLedger(deps: LedgerDeps): CaLedger {
  const { directory, trustDomain, newKey, retentionMs, spaceLimit, sweeps, metrics, holds, clock, logger } =
    deps;
  const { anchors, strict, checkpointTo } = deps;
  const opening = new LedgerOpening({
    ...{ directory, anchors, strict, retentionMs, clock, logger },
    readVerifier: () => readLedgerVerifier(directory, trustDomain),
    ...(checkpointTo === undefined ? {} : { readCopy: () => anchorOfCopy(checkpointTo) }),
  });
  const openKey = (isInUse: boolean) => openLedgerKey({ directory, trustDomain, newKey, isInUse });
  const lines = () => store.lines();
  const tree = new TreeKeeper({
    ...{ directory, openKey, lines, sweep: sweeps.second, logger },
    storedSize: () => log.size,
    beforeSigning: () => recordOpening(opening, actsOf(log)),
  });
  const store: EntryStore = createSegmentStore({
    directory,
    tree,
    retentionMs,
    limit: spaceLimit,
    sweeps,
    holds,
    clock,
    logger,
  });
  const { log, index, retention, space } = store;
  const acts = actsOf(log);
  const unauthenticated = new RefusalLog({
    directory: directory.unauthenticated,
    limit: new PeerLimit(refusalsRate, clock),
    sweep: sweeps.second,
    onDropped: metrics.refusalDropped,
    clock,
    logger,
  });
  const isNameKnown = (spiffeId: string) => index.isNameKnown(spiffeId);
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
  const alarms = new Alarms({ isNameKnown, onAlarm: metrics.alarmRaised, logger });
  const limit = new PeerLimit(refusalsRate, clock);
  const serving = new ServingLog({ log, sweep: sweeps.minute, clock, logger });
  const onIssued = (entry: IssuedEntry) => alarms.look(entry);
  return {
    decisions: new Decisions({ log, limit, unauthenticated, onIssued }),
    operators: new OperatorLog({ log: acts, clock }),
    serving,
    index,
    log,
    acts,
    space: new SpaceReport(space),
    tree,
    loss: new LedgerLossReport({ opening, tree, anchor, peers }),
    peers,
    knownHeads: () =>
      readKnownHeads({
        ...{ replica: deps.replica, peers, copy: checkpointTo, logger },
        findAnchor: () => anchors.find(tree.head?.origin),
      }),
    components: [
      opening,
      space,
      log,
      tree,
      index,
      unauthenticated,
      retention,
      serving,
      ...copies,
      anchor,
      peers,
    ],
    async settled() {
      await Promise.all([tree.publish(), index.catchUp()]);
    },
  };
}

/** Appends the entries about the start of the ledger, each once. */
async function recordOpening(opening: LedgerOpening, log: Pick<EntryLog, "append">): Promise<void> {
  for (const entry of opening.pending) {
    await log.append(encodeEntry(entry));
    opening.recorded(entry);
  }
}
