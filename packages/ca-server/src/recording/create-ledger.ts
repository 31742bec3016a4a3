import type { KeyObject } from "node:crypto";
import {
  BoundedRecord,
  IndexKeeper,
  type IssuedEntry,
  type LedgerDirectory,
  listSegments,
  openLedgerKey,
  openSegmentFile,
  Retention,
  SegmentLog,
  segmentPath,
  TreeKeeper,
} from "@kasbah/ledger";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerMetrics } from "../telemetry/ledger-metrics.ts";
import { Alarms } from "./alarms.ts";
import { Decisions } from "./decisions.ts";
import { OperatorLog } from "./operator-log.ts";
import { PeerLimit } from "./peer-limit.ts";

export interface LedgerDeps {
  readonly directory: LedgerDirectory;
  readonly trustDomain: string;
  /** An Ed25519 private key, for a ledger that begins. */
  readonly newKey: () => KeyObject;
  /** For how long entries are kept. */
  readonly retentionMs: number;
  readonly sweeps: { readonly second: Sweep; readonly hour: Sweep };
  readonly metrics: LedgerMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What was decided, on record. */
export interface CaLedger {
  readonly decisions: Decisions;
  readonly operators: OperatorLog;
  /** Finds what memory has not. */
  readonly index: Pick<IndexKeeper, "find">;
  readonly log: SegmentLog;
  readonly tree: TreeKeeper;
  readonly components: readonly Component[];
  /** Resolves when tree and index have come to what is durable now, for tests and measurements. */
  settled(): Promise<void>;
}

/** Some 30 000 entries. */
const maxSegmentBytes = 16 * 1024 * 1024;
/** Of one address, or one known caller. Who is told why it is refused, and tries again, needs few. */
const refusalsRate = { burst: 30, perMinute: 30 };

/** Puts the ledger of one writing process together; nothing is opened before its components start. */
export function createLedger(deps: LedgerDeps): CaLedger {
  const { directory, trustDomain, newKey, retentionMs, sweeps, metrics, clock, logger } = deps;
  const openKey = (isInUse: boolean) => openLedgerKey({ directory, trustDomain, newKey, isInUse });
  const tree = new TreeKeeper({ directory, openKey, sweep: sweeps.second, logger });
  const log = new SegmentLog({
    openSegment: (first) => openSegmentFile(segmentPath(directory.segments, first)),
    lastSegment: async () => (await listSegments(directory.segments)).at(-1)?.first ?? 0,
    maxSegmentBytes,
    onDurable: (entries) => tree.add(entries),
    clock,
    logger,
  });
  const strangers = new BoundedRecord({
    directory: directory.strangers,
    limit: new PeerLimit(refusalsRate, clock),
    sweep: sweeps.second,
    onDropped: metrics.refusalDropped,
    logger,
  });
  const index = new IndexKeeper({ directory, durable: () => log.size, sweep: sweeps.second, logger });
  const isNameKnown = (spiffeId: string) => index.isNameKnown(spiffeId);
  const alarms = new Alarms({ isNameKnown, onAlarm: metrics.alarmRaised, logger });
  const limit = new PeerLimit(refusalsRate, clock);
  const onIssued = (entry: IssuedEntry) => alarms.look(entry);
  const retention = new Retention({
    directory: directory.segments,
    retentionMs,
    signedSize: () => tree.signedSize,
    sweep: sweeps.hour,
    clock,
    logger,
  });
  return {
    decisions: new Decisions({ log, limit, strangers, onIssued }),
    operators: new OperatorLog({ log, clock }),
    index,
    log,
    tree,
    components: [log, tree, index, strangers, retention],
    async settled() {
      await Promise.all([tree.publish(), index.catchUp()]);
    },
  };
}
