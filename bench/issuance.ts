import { readFileSync } from "node:fs";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { GrpcJsChannel } from "@kasbah/testkit";
import { type Ca, startCa } from "./daemons.ts";
import { type PhysicalLimit, timesOpenssl } from "./openssl-speed.ts";
import { cpuSecondsOf, memoryOf } from "./process-figures.ts";
import { type Figure, percentile } from "./report.ts";

const topic = "Whole calls: TLS, token, CSR, signature, lint, durable record";
const callsOfARun = 600;
const workload = { namespace: "demo", serviceAccount: "bench" };

interface Run {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly serverCpuUs: number;
}

/**
 * Measures the real server on loopback. The client shares its two cores, so a server alone would reach higher
 * rates.
 */
export async function measureIssuance(folder: string, limit: PhysicalLimit): Promise<readonly Figure[]> {
  const ca = await startCa(folder);
  try {
    const call = await caller(ca);
    await run(call, ca, 16);
    const first = await run(call, ca, 16);
    const figures = [...figuresOf(await run(call, ca, 1), 1, limit), ...figuresOf(first, 16, limit)];
    figures.push(...figuresOf(await run(call, ca, 64), 64, limit));
    for (let more = 0; more < 5; more += 1) await run(call, ca, 16);
    const last = await run(call, ca, 16);
    const growth = last.serverCpuUs / first.serverCpuUs;
    return [
      ...figures,
      { topic, name: "CPU of a call after 5,000 others, relative to an early one", value: growth, unit: "×" },
      { topic, name: "resident memory at the end", value: memoryOf(ca.pid).rssMib, unit: "MiB" },
    ];
  } finally {
    await ca.stop();
  }
}

async function caller(ca: Ca): Promise<() => Promise<unknown>> {
  const channel = new GrpcJsChannel({
    address: { host: "127.0.0.1", port: ca.port },
    rootsPem: readFileSync(ca.rootPath, "utf8"),
  });
  const token = await ca.tokens.mint({ ...workload, now: systemClock.now() });
  const spiffeId = parseSpiffeId(
    `spiffe://cluster.local/ns/${workload.namespace}/sa/${workload.serviceAccount}`,
  );
  const csr = createCertificateRequest(await createKeyPair("P-256"), spiffeId);
  const order = { csr, validityDurationSeconds: 3600, impersonatedIdentity: "", certSigner: "" };
  const options = { deadlineMs: 30_000, metadata: { authorization: `Bearer ${token}` } };
  return () => channel.unary(createCertificate, order, options);
}

async function run(call: () => Promise<unknown>, { pid }: Ca, inFlight: number): Promise<Run> {
  const latenciesMs: number[] = [];
  const startedMs = systemClock.monotonicMs();
  const cpuBefore = cpuSecondsOf(pid);
  let left = callsOfARun;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const sentMs = systemClock.monotonicMs();
      await call();
      latenciesMs.push(systemClock.monotonicMs() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  const serverCpuUs = ((cpuSecondsOf(pid) - cpuBefore) * 1e6) / callsOfARun;
  return { perSecond: callsOfARun / seconds, latenciesMs, serverCpuUs };
}

function figuresOf(
  { perSecond, latenciesMs, serverCpuUs }: Run,
  inFlight: number,
  limit: PhysicalLimit,
): Figure[] {
  const at = `${inFlight} in flight`;
  return [
    { topic, name: `certificates, ${at}`, value: perSecond, unit: "/s" },
    { topic, name: `p50, ${at}`, value: percentile(latenciesMs, 0.5), unit: "ms" },
    { topic, name: `p99, ${at}`, value: percentile(latenciesMs, 0.99), unit: "ms" },
    {
      topic,
      name: `server CPU per certificate, ${at}`,
      value: serverCpuUs,
      unit: "µs",
      against: timesOpenssl(serverCpuUs, limit),
    },
  ];
}
