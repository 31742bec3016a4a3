import type { KeyObject } from "node:crypto";
import {
  createSegmentStore,
  type EntryIndex,
  type EntryLog,
  type EntryStore,
  type IssuedEntry,
  type LedgerDirectory,
  openLedgerKey,
  RefusalLog,
  TreeKeeper,
} from "@kasbah/ledger";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerMetrics } from "../telemetry/ledger-metrics.ts";
import { Alarms } from "./alarms.ts";
import { Decisions } from "./decisions.ts";
import { OperatorLog } from "./operator-log.ts";
import { PeerLimit } from "./peer-limit.ts";
import { ServingLog } from "./serving-log.ts";

export interface LedgerDeps {
  readonly directory: LedgerDirectory;
  readonly trustDomain: string;
  /** Returns an Ed25519 private key for a new ledger. */
  readonly newKey: () => KeyObject;
  /** How long entries are kept. */
  readonly retentionMs: number;
  readonly sweeps: { readonly second: Sweep; readonly minute: Sweep; readonly hour: Sweep };
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
  readonly tree: TreeKeeper;
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
  const { directory, trustDomain, newKey, retentionMs, sweeps, metrics, holds, clock, logger } = deps;
  const openKey = (isInUse: boolean) => openLedgerKey({ directory, trustDomain, newKey, isInUse });
  const lines = () => store.lines();
  const tree = new TreeKeeper({ directory, openKey, lines, sweep: sweeps.second, logger });
  const store: EntryStore = createSegmentStore({
    directory,
    tree,
    retentionMs,
    sweeps,
    holds,
    clock,
    logger,
  });
  const { log, index, retention } = store;
  const unauthenticated = new RefusalLog({
    directory: directory.unauthenticated,
    limit: new PeerLimit(refusalsRate, clock),
    sweep: sweeps.second,
    onDropped: metrics.refusalDropped,
    logger,
  });
  const isNameKnown = (spiffeId: string) => index.isNameKnown(spiffeId);
  const alarms = new Alarms({ isNameKnown, onAlarm: metrics.alarmRaised, logger });
  const limit = new PeerLimit(refusalsRate, clock);
  const serving = new ServingLog({ log, sweep: sweeps.minute, clock, logger });
  const onIssued = (entry: IssuedEntry) => alarms.look(entry);
  return {
    decisions: new Decisions({ log, limit, unauthenticated, onIssued }),
    operators: new OperatorLog({ log, clock }),
    serving,
    index,
    log,
    tree,
    components: [log, tree, index, unauthenticated, retention, serving],
    async settled() {
      await Promise.all([tree.publish(), index.catchUp()]);
    },
  };
}
