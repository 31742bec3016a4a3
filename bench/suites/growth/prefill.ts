import { createHash, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import {
  encodeEntry,
  entryVersion,
  type IssuedEntry,
  noAnchors,
  prepareLedgerDirectory,
} from "@kasbah/ledger";
import { systemClock } from "@kasbah/runtime";
import { cronSweep } from "@kasbah/runtime/cron";
import { recordingLogger } from "@kasbah/testkit";
import { type CaLedger, createLedger } from "../../../packages/ca-server/src/recording/create-ledger.ts";
import { workloadAt } from "../../materials/workload.ts";

const atOnce = 500;
const day = 86_400_000;

/**
 * Adds certificates to the ledger of a stopped CA with the CA's own writer: segments, tree and index are those that
 * issuing would have left, in a hundredth of the time.
 */
export async function prefillLedger(stateDir: string, count: number): Promise<void> {
  const ledger = await openLedger(stateDir);
  for (const component of ledger.components) await component.start();
  try {
    const now = systemClock.now();
    for (let done = 0; done < count; done += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, count - done) }, (_, index) =>
        ledger.log.append(encodeEntry(entryAt(done + index, now))),
      );
      await Promise.all(batch);
    }
    await ledger.settled();
  } finally {
    for (const component of ledger.components.toReversed()) await component.stop();
  }
}

async function openLedger(stateDir: string): Promise<CaLedger> {
  return createLedger({
    directory: await prepareLedgerDirectory(join(stateDir, "ledger")),
    trustDomain: "cluster.local",
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: 365 * day,
    sweeps: {
      second: cronSweep("* * * * * *"),
      minute: cronSweep("45 * * * * *"),
      hour: cronSweep("0 17 * * * *"),
      anchor: cronSweep("43 */5 * * * *"),
      copy: cronSweep("*/10 * * * * *"),
      space: cronSweep("*/10 * * * * *"),
    },
    anchors: { ...noAnchors, others: () => [] },
    replica: "bench",
    peersFile: join(stateDir, "bench-peers.json"),
    spaceLimit: "auto",
    strict: false,
    checkpointTo: undefined,
    metrics: { refusalDropped: () => undefined, alarmRaised: () => undefined, nameIsNew: () => undefined },
    holds: () => undefined,
    clock: systemClock,
    logger: recordingLogger(),
  });
}

/** Everything but the keys resembles a real entry. */
function entryAt(index: number, now: Date): IssuedEntry {
  const digest = createHash("sha256").update(`prefilled ${index}`).digest("hex");
  const other = createHash("sha256").update(digest).digest("hex");
  const { spiffeId, pod, podUid } = workloadAt(index);
  return {
    v: entryVersion,
    kind: "issued",
    time: now.toISOString(),
    referenceId: other.slice(0, 12),
    spiffeId,
    serial: digest.slice(0, 32),
    fingerprint: digest,
    spkiHash: other,
    notBefore: new Date(now.getTime() - 120_000).toISOString(),
    notAfter: new Date(now.getTime() + day).toISOString(),
    authority: "0".repeat(64),
    rule: "default",
    caller: {
      spiffeId,
      kind: "kubernetes-token",
      pod: { name: pod, uid: podUid },
      node: `node-${index % 500}`,
    },
    peerAddress: "10.244.3.7:41234",
  };
}
