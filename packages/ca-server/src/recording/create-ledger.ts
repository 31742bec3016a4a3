import type { KeyObject } from "node:crypto";
import {
  type ActLog,
  type AnchorStore,
  actsOf,
  anchorOfCopy,
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
  openLedgerKey,
  RefusalLog,
  readLedgerVerifier,
  TreeKeeper,
} from "@kasbah/ledger";
import type { KnownHeadsMessage } from "@kasbah/protocol";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerHead } from "../authorities/rotation/authority-state.ts";
import type { LedgerMetrics } from "../telemetry/ledger-metrics.ts";
import { createAnchoring } from "./anchors/create-anchoring.ts";
import type { LedgerLossReport } from "./anchors/ledger-loss.ts";
import type { PeerLedgers } from "./anchors/peers/peer-ledgers.ts";
import { Decisions } from "./decisions.ts";
import { IdentitySeeding } from "./identities/identity-seeding.ts";
import { LiveIdentities } from "./identities/live-identities.ts";
import { OperatorLog } from "./operator-log.ts";
import { PeerLimit } from "./peer-limit.ts";
import { ServingLog } from "./serving-log.ts";
import { SpaceReport } from "./space-report.ts";
import { createUnusual } from "./unusual/create-unusual.ts";

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
  readonly identities: Pick<LiveIdentities, "totals">;
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
    ...{ directory, tree, retentionMs, limit: spaceLimit, sweeps, holds, clock, logger },
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
  const anchoring = createAnchoring({ ...deps, opening, tree, log });
  const unusual = createUnusual({ metrics, isNameKnown, sweep: sweeps.hour, clock, logger });
  const identities = new LiveIdentities(index);
  const seeding = new IdentitySeeding({ index, identities, sweep: sweeps.minute, clock, logger });
  const onIssued = (entry: IssuedEntry) => {
    unusual.look(entry);
    identities.issued(entry);
  };
  const limit = new PeerLimit(refusalsRate, clock);
  const serving = new ServingLog({ log, sweep: sweeps.minute, clock, logger });
  return {
    decisions: new Decisions({ log, limit, unauthenticated, onIssued }),
    operators: new OperatorLog({ log: acts, clock }),
    serving,
    index,
    identities,
    log,
    acts,
    space: new SpaceReport(space),
    tree,
    loss: anchoring.loss,
    peers: anchoring.peers,
    knownHeads: anchoring.knownHeads,
    components: [
      ...[opening, space, log, tree, index, seeding, unauthenticated],
      ...[unusual.component, retention, serving],
      ...anchoring.components,
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
