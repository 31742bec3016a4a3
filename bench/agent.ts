import { mkdirSync, writeFileSync } from "node:fs";
import { secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { GrpcChannel } from "@kasbah/runtime/grpc";
import { freePort } from "@kasbah/testkit";
import { type Ca, startAgent, startBareNode, startCa } from "./daemons.ts";
import { type Memory, memoryOf } from "./process-figures.ts";
import { type Figure, percentile } from "./report.ts";

const topic = "One agent";
const starts = 5;
const settleMs = 3_000;

interface Start extends Memory {
  readonly firstSecretMs: number;
}

/** From the start of the process to the first secret over SDS, and what it weighs a moment later. */
export async function measureAgent(folder: string): Promise<readonly Figure[]> {
  const floor = await measureBareNode();
  const ca = await startCa(folder);
  try {
    const seen: Start[] = [];
    for (let count = 0; count < starts; count += 1)
      seen.push(await measureStart(`${folder}/agent-${count}`, ca));
    const median = (key: keyof Start) =>
      percentile(
        seen.map((start) => start[key]),
        0.5,
      );
    const firstSecret = `start to first secret, median of ${starts}`;
    return [
      { topic, name: firstSecret, value: median("firstSecretMs"), unit: "ms" },
      memoryFigure("resident memory, idle", median("rssMib"), floor.rssMib),
      memoryFigure("anonymous memory, idle", median("anonymousMib"), floor.anonymousMib),
    ];
  } finally {
    await ca.stop();
  }
}

function memoryFigure(name: string, value: number, floor: number): Figure {
  return { topic, name, value, unit: "MiB", against: { ratio: value / floor, of: "bare Node" } };
}

async function measureBareNode(): Promise<Memory> {
  const node = startBareNode();
  await systemClock.sleep(1_000);
  const memory = memoryOf(node.pid);
  await node.stop();
  return memory;
}

async function measureStart(folder: string, ca: Ca): Promise<Start> {
  mkdirSync(folder);
  const token = await ca.tokens.mint({ namespace: "demo", serviceAccount: "bench", now: systemClock.now() });
  writeFileSync(`${folder}/token`, token, { mode: 0o600 });
  const flags = {
    "--ca-address": `127.0.0.1:${ca.port}`,
    "--ca-root": ca.rootPath,
    "--token-file": `${folder}/token`,
    "--sds-socket": `${folder}/sds/socket`,
    "--status-address": `127.0.0.1:${await freePort()}`,
  };
  const startedMs = systemClock.monotonicMs();
  const agent = startAgent(flags);
  try {
    await agent.listening(`${folder}/sds/socket`);
    await firstSecret(`${folder}/sds/socket`);
    const firstSecretMs = systemClock.monotonicMs() - startedMs;
    await systemClock.sleep(settleMs);
    return { firstSecretMs, ...memoryOf(agent.pid) };
  } finally {
    await agent.stop();
  }
}

async function firstSecret(unixPath: string): Promise<void> {
  const channel = new GrpcChannel({ unixPath });
  try {
    const stream = channel.stream(streamSecrets);
    const rest = { versionInfo: "", responseNonce: "", nodeId: "bench", typeUrl: secretTypeUrl };
    stream.send({ ...rest, resourceNames: ["default"] });
    for await (const _ of stream.responses) return;
  } finally {
    channel.close();
  }
}
