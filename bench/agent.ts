import { mkdirSync, writeFileSync } from "node:fs";
import { secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { GrpcChannel } from "@kasbah/runtime/grpc";
import { freePort } from "@kasbah/testkit";
import { type Ca, startAgent, startCa } from "./daemons.ts";
import { memoryOf } from "./process-figures.ts";
import { type Figure, percentile } from "./report.ts";

const topic = "One agent";
const starts = 5;
const settleMs = 3_000;

interface Start {
  readonly firstSecretMs: number;
  readonly rssMib: number;
  readonly anonymousMib: number;
}

/** From the start of the process to the first secret over SDS, and what it weighs a moment later. */
export async function measureAgent(folder: string): Promise<readonly Figure[]> {
  const ca = await startCa(folder);
  try {
    const seen: Start[] = [];
    for (let count = 0; count < starts; count += 1)
      seen.push(await measureStart(`${folder}/agent-${count}`, ca));
    const median = (pick: (start: Start) => number) => percentile(seen.map(pick), 0.5);
    return [
      {
        topic,
        name: `start to first secret, median of ${starts}`,
        value: median((s) => s.firstSecretMs),
        unit: "ms",
      },
      { topic, name: "resident memory, idle", value: median((s) => s.rssMib), unit: "MiB" },
      { topic, name: "of it anonymous", value: median((s) => s.anonymousMib), unit: "MiB" },
    ];
  } finally {
    await ca.stop();
  }
}

async function measureStart(folder: string, ca: Ca): Promise<Start> {
  mkdirSync(folder);
  const token = await ca.tokens.mint({ namespace: "demo", serviceAccount: "bench", now: systemClock.now() });
  writeFileSync(`${folder}/token`, token, { mode: 0o600 });
  const startedMs = systemClock.monotonicMs();
  const agent = startAgent({
    "--ca-address": `127.0.0.1:${ca.port}`,
    "--ca-root": ca.rootPath,
    "--token-file": `${folder}/token`,
    "--sds-socket": `${folder}/sds/socket`,
    "--status-address": `127.0.0.1:${await freePort()}`,
  });
  try {
    await firstSecret(`${folder}/sds/socket`);
    const firstSecretMs = systemClock.monotonicMs() - startedMs;
    await systemClock.sleep(settleMs);
    return { firstSecretMs, ...memoryOf(agent.pid) };
  } finally {
    await agent.stop();
  }
}

async function firstSecret(unixPath: string): Promise<void> {
  for (;;) {
    const channel = new GrpcChannel({ unixPath });
    try {
      const stream = channel.stream(streamSecrets);
      const rest = { versionInfo: "", responseNonce: "", nodeId: "bench", typeUrl: secretTypeUrl };
      stream.send({ ...rest, resourceNames: ["default"] });
      for await (const _ of stream.responses) return;
    } catch {
      await systemClock.sleep(5);
    } finally {
      channel.close();
    }
  }
}
