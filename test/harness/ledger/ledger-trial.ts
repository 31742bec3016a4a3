import { generateKeyPairSync, randomBytes } from "node:crypto";
import { appendFile, cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Checkpoint,
  encodeEntry,
  fileTarget,
  type LedgerDirectory,
  type LedgerLimit,
  type LedgerVerdict,
  ledgerDirectoryAt,
  listSegments,
  openCheckpoint,
  openLedgerKey,
  openSegmentLines,
  parseVerifierKey,
  prepareLedgerDirectory,
  segmentPath,
  TreeKeeper,
  verifyLedger,
} from "@kasbah/ledger";
import type { Sweep } from "@kasbah/runtime";
import { FakeClock, manualSweep, recordingLogger, temporaryDirectory } from "@kasbah/testkit";
import { entryLine, issued, segmentEntries, writeSignedLedger } from "@kasbah/testkit/ledger";
import { authorityCodec } from "../../../packages/ca-server/src/authorities/backing.ts";
import { emptyState } from "../../../packages/ca-server/src/authorities/rotation/authority-state.ts";
import { readStoredHeads } from "../../../packages/ca-server/src/offline/ledger-heads.ts";
import { ControlAnchors } from "../../../packages/ca-server/src/recording/anchors/control-anchors.ts";
import { type CaLedger, createLedger } from "../../../packages/ca-server/src/recording/create-ledger.ts";
import { ControlStore } from "../../../packages/ca-server/src/store/control/control-store.ts";
import { prepareStateDirectory } from "../../../packages/ca-server/src/store/state-directory.ts";
import { readVolumeId } from "../../../packages/ca-server/src/store/volume-id.ts";

const dayMs = 86_400_000;
const total = 1_300;
export const trialStart = "2030-01-02T00:00:00Z";

export interface TrialOptions {
  readonly strict?: boolean;
  /** Whether replicas share the control state, as in a Secret. */
  readonly isShared?: boolean;
  /** The name of the pod. */
  readonly place?: string;
  readonly checkpointTo?: string;
  readonly now?: string;
  readonly spaceLimit?: LedgerLimit;
  /** When the ledger is measured. The default is never. */
  readonly space?: Sweep;
}

/** The ledger of a CA in a state directory, as the CA itself opens it, with the control state beside it. */
export async function openTrialLedger(
  stateDirectory: string,
  { strict = false, isShared = false, place, checkpointTo, now = trialStart, ...given }: TrialOptions = {},
): Promise<{ ledger: CaLedger; stop(): Promise<void> }> {
  const state = await prepareStateDirectory(stateDirectory);
  const logger = recordingLogger();
  const clock = new FakeClock(now);
  const store = await ControlStore.open({
    ...{ directory: state.control, codec: authorityCodec, logger },
    initial: () => emptyState,
    recover: (same) => same,
  });
  const volumeId = await readVolumeId(state.control, () => randomBytes(6).toString("hex"));
  const anchors = new ControlAnchors({ volumeId, place, isShared });
  anchors.follow({
    get state() {
      return store.current;
    },
    transition: (change) => store.update(change),
  });
  const idle = () => manualSweep().sweep;
  const ledger = createLedger({
    directory: await prepareLedgerDirectory(state.ledger),
    replica: place ?? volumeId,
    peersFile: join(state.control, "peer-ledgers.json"),
    trustDomain: "cluster.local",
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: 365 * dayMs,
    spaceLimit: given.spaceLimit ?? "auto",
    sweeps: {
      second: idle(),
      minute: idle(),
      hour: idle(),
      anchor: idle(),
      copy: idle(),
      space: given.space ?? idle(),
    },
    metrics: { refusalDropped: () => undefined, alarmRaised: () => undefined, nameIsNew: () => undefined },
    holds: () => undefined,
    checkpointTo: checkpointTo === undefined ? undefined : fileTarget(checkpointTo),
    ...{ anchors, strict, clock, logger },
  });
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const component of started.toReversed()) await component.stop();
  };
  try {
    for (const component of ledger.components) {
      await component.start();
      started.push(component);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ledger, stop };
}

/** A stopped CA's state directory with three segments, an anchor, and a checkpoint that an auditor kept early on. */
export interface PristineLedger {
  readonly stateDirectory: string;
  /** A copy from before the last entries. */
  readonly olderDirectory: string;
  readonly kept: Checkpoint;
  readonly keptKey: string;
  remove(): Promise<void>;
}

export async function writePristineLedger(): Promise<PristineLedger> {
  const { stateDirectory, directory, remove } = await writeSignedLedger(total);
  await (await openTrialLedger(stateDirectory)).stop();
  const copy = await temporaryDirectory();
  const olderDirectory = copy.join("older");
  await cp(stateDirectory, olderDirectory, { recursive: true });
  const { ledger, stop } = await openTrialLedger(stateDirectory);
  for (let count = 0; count < 3; count += 1)
    await ledger.log.append(encodeEntry(issued({ time: "2030-01-02T00:00:00.000Z" })));
  await stop();
  const keptKey = (await readFile(directory.verifierKey, "utf8")).trim();
  const verifier = parseVerifierKey(keptKey);
  const kept = openCheckpoint(await readFile(directory.checkpoint, "utf8"), verifier, verifier.name);
  const removeBoth = async () => {
    await copy.remove();
    await remove();
  };
  return { stateDirectory, olderDirectory, kept, keptKey, remove: removeBoth };
}

/** A copy of a stopped CA's state directory, in the hands of someone who can write it. */
export class LedgerTrial {
  readonly path: string;
  readonly directory: LedgerDirectory;

  private constructor(path: string) {
    this.path = path;
    this.directory = ledgerDirectoryAt(join(path, "ledger"));
  }

  static async copyOf(stateDirectory: string, path: string): Promise<LedgerTrial> {
    await cp(stateDirectory, path, { recursive: true });
    return new LedgerTrial(path);
  }

  static at(path: string): LedgerTrial {
    return new LedgerTrial(path);
  }

  /** The stored lines. */
  async entries(): Promise<readonly string[]> {
    const texts = (await listSegments(this.directory.segments)).map((one) => readFile(one.path, "utf8"));
    return (await Promise.all(texts)).flatMap((text) => text.trimEnd().split("\n"));
  }

  segment(index: number): string {
    return segmentPath(this.directory.segments, index - (index % segmentEntries));
  }

  /** Rewrites the lines of the segment that contains an entry. */
  async rewrite(index: number, change: (lines: string[], at: number) => void): Promise<void> {
    const path = this.segment(index >= total ? total - 1 : index);
    const lines = (await readFile(path, "utf8")).split("\n");
    change(lines, index % segmentEntries);
    await writeFile(path, lines.join("\n"));
  }

  /** Replaces an entry by another valid one. */
  forge(index: number): Promise<void> {
    return this.rewrite(index, (lines, at) => lines.splice(at, 1, entryLine(index + 50_000).trimEnd()));
  }

  async append(...lines: readonly string[]): Promise<void> {
    const last = (await listSegments(this.directory.segments)).at(-1);
    if (last !== undefined) await appendFile(last.path, lines.map((line) => `${line}\n`).join(""));
  }

  /** Signs the entries of the segments with the stored key, or with a new one if it is missing. */
  async sign(): Promise<void> {
    const { directory } = this;
    const newKey = () => generateKeyPairSync("ed25519").privateKey;
    const keeper = new TreeKeeper({
      ...{ directory, sweep: manualSweep().sweep, logger: recordingLogger() },
      openKey: () => openLedgerKey({ directory, trustDomain: "cluster.local", newKey, isInUse: false }),
      lines: () => openSegmentLines(directory.segments),
    });
    await keeper.start();
    await keeper.stop();
  }

  async verify(key?: string, kept?: Checkpoint): Promise<LedgerVerdict> {
    const verifier = parseVerifierKey(key ?? (await readFile(this.directory.verifierKey, "utf8")).trim());
    const { heads } = await readStoredHeads(this.path, verifier.name);
    const { directory } = this;
    return verifyLedger({ directory, verifier, heads, ...(kept === undefined ? {} : { kept }) });
  }
}

export { temporaryDirectory };
