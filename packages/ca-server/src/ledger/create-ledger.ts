import type { KeyObject } from "node:crypto";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import { BoundedRecord } from "./bounded-record.ts";
import { openLedgerKey } from "./checkpoints/ledger-key.ts";
import { TreeKeeper } from "./checkpoints/tree-keeper.ts";
import { Decisions } from "./decisions.ts";
import type { LedgerDirectory } from "./ledger-directory.ts";
import { PeerLimit } from "./peer-limit.ts";
import { openSegmentFile } from "./segments/segment-file.ts";
import { SegmentLog } from "./segments/segment-log.ts";
import { listSegments, segmentPath } from "./segments/segments.ts";

export interface LedgerParts {
  readonly directory: LedgerDirectory;
  readonly trustDomain: string;
  /** An Ed25519 private key, for a ledger that begins. */
  readonly newKey: () => KeyObject;
  /** Each second. */
  readonly sweep: Sweep;
  /** Told of each refusal of a stranger that is not written. */
  readonly onDropped: (why: "peer" | "crowd" | "disk") => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What was decided, on record. */
export interface CaLedger {
  readonly decisions: Decisions;
  readonly log: SegmentLog;
  readonly tree: TreeKeeper;
  readonly components: readonly Component[];
}

/** Some 30 000 entries. */
const maxSegmentBytes = 16 * 1024 * 1024;
/** A caller that is told why it is refused, and tries again, needs few. */
const strangersRate = { burst: 30, perMinute: 30 };

/** Puts the ledger of one writing process together; nothing is opened before its components start. */
export function createLedger(parts: LedgerParts): CaLedger {
  const { directory, trustDomain, newKey, sweep, onDropped, clock, logger } = parts;
  const openKey = (isInUse: boolean) => openLedgerKey({ directory, trustDomain, newKey, isInUse });
  const tree = new TreeKeeper({ directory, openKey, sweep, logger });
  const log = new SegmentLog({
    openSegment: (first) => openSegmentFile(segmentPath(directory.segments, first)),
    lastSegment: async () => (await listSegments(directory.segments)).at(-1)?.first ?? 0,
    maxSegmentBytes,
    onDurable: (entries) => tree.add(entries),
    clock,
    logger,
  });
  const limit = new PeerLimit(strangersRate, clock);
  const strangers = new BoundedRecord({ directory: directory.strangers, limit, sweep, onDropped, logger });
  return { decisions: new Decisions({ log, strangers }), log, tree, components: [log, tree, strangers] };
}
