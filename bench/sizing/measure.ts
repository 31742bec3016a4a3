import { readFileSync } from "node:fs";
import { ledgerDirectoryAt, listSegments } from "@kasbah/ledger";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { directoryBytes } from "../../test/harness/directory-bytes.ts";
import { type Ca, startCa } from "../daemons.ts";
import { memoryOf, treeSecondsOf } from "../machine/process-figures.ts";

/** What one pod of a mesh costs a CA. */
export interface PodCosts {
  /** Resident memory of a CA without callers, in MiB. */
  readonly idleMib: number;
  /** Memory of a connection that stays open, in KiB. */
  readonly connectionKib: number;
  /** CPU of a certificate in ms, with the TLS handshake that precedes it. */
  readonly cpuMs: number;
  /** Bytes on disk of a certificate: its entry, its tiles and its rows in the index. */
  readonly certificateBytes: number;
}

const pods = 1_500;
const atOnce = 8;
/** The first pods compile the code of the CA. */
const warmUpPods = 300;

/** Lets many pods connect to a real CA on loopback, each with its own token, key and connection. */
export async function measurePods(folder: string): Promise<PodCosts> {
  const ca = await startCa(folder);
  const channels: Http2Channel[] = [];
  const idleMib = memoryOf(ca.pid).rssMib;
  try {
    await connectPods(ca, channels, 0, warmUpPods);
    const [cpuBefore, memoryBefore] = [treeSecondsOf(ca.pid), memoryOf(ca.pid).rssMib];
    await connectPods(ca, channels, warmUpPods, pods);
    const count = pods - warmUpPods;
    const cpuMs = ((treeSecondsOf(ca.pid) - cpuBefore) * 1000) / count;
    const connectionKib = ((memoryOf(ca.pid).rssMib - memoryBefore) * 1024) / count;
    await ca.stop();
    return { idleMib, connectionKib, cpuMs, certificateBytes: (await ledgerBytes(folder)) / pods };
  } finally {
    for (const channel of channels) channel.close();
    await ca.stop();
  }
}

async function connectPods(ca: Ca, channels: Http2Channel[], from: number, to: number): Promise<void> {
  const rootsPem = readFileSync(ca.rootPath, "utf8");
  let next = from;
  const worker = async () => {
    while (next < to) {
      const index = next++;
      const channel = new Http2Channel({ address: { host: "127.0.0.1", port: ca.port }, rootsPem });
      channels.push(channel);
      await requestAs(ca, channel, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function requestAs({ tokens }: Ca, channel: Http2Channel, index: number): Promise<void> {
  const workload = { namespace: `team-${index % 50}`, serviceAccount: `checkout-service-${index}` };
  const token = await tokens.mint({ ...workload, now: systemClock.now() });
  const name = parseSpiffeId(`spiffe://cluster.local/ns/${workload.namespace}/sa/${workload.serviceAccount}`);
  const csr = createCertificateRequest(await createKeyPair("P-256"), name);
  const order = { csr, validityDurationSeconds: 86_400, impersonatedIdentity: "", certSigner: "" };
  const metadata = { authorization: `Bearer ${token}` };
  await channel.unary(createCertificate, order, { deadlineMs: 30_000, metadata });
}

/** The key, the checkpoint and the reserve do not grow. */
async function ledgerBytes(folder: string): Promise<number> {
  const { path, segments, index } = ledgerDirectoryAt(`${folder}/state/ledger`);
  const entries = (await listSegments(segments)).reduce((sum, { bytes }) => sum + bytes, 0);
  return entries + (await directoryBytes(`${path}/tile`)) + (await directoryBytes(index));
}
