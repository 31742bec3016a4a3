import { writeFileSync } from "node:fs";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, freePort, GrpcJsChannel, startFakeCa } from "@kasbah/testkit";
import { startAgent } from "./daemons.ts";
import type { Figure } from "./report/figures.ts";
import { percentile } from "./statistics/percentile.ts";

const topic = "One rotation on 200 streams";
const connections = 4;
const streamsOfOne = 50;
/**
 * Short enough that the first rotation falls into the benchmark, and long enough to open all streams before
 * it.
 */
const ttlMs = 16_000;

/** Measures the time from the CA's reply to a rotation until each of 200 streams has the new secret. */
export async function measurePush(folder: string): Promise<readonly Figure[]> {
  const ca = await startFakeCa({ now: () => systemClock.now() });
  ca.ttlMs = ttlMs;
  const repliedMs: number[] = [];
  ca.answer = async (call) => {
    const reply = await ca.honest(call);
    repliedMs.push(systemClock.monotonicMs());
    return reply;
  };
  const agent = startAgent(await agentFlags(folder, ca));
  const channels: GrpcJsChannel[] = [];
  try {
    await agent.listening(`${folder}/sds/socket`);
    for (let count = 0; count < connections; count += 1)
      channels.push(new GrpcJsChannel({ unixPath: `${folder}/sds/socket` }));
    const streams = channels.flatMap((channel) =>
      Array.from({ length: streamsOfOne }, () => secondSecretMs(channel)),
    );
    const pushedMs = await Promise.all(streams);
    const delaysMs = pushedMs.map((at) => at - (repliedMs[1] ?? Number.NaN));
    return [
      { topic, name: "CA's reply to push, median stream", value: percentile(delaysMs, 0.5), unit: "ms" },
      { topic, name: "CA's reply to push, last stream", value: Math.max(...delaysMs), unit: "ms" },
    ];
  } finally {
    for (const channel of channels) channel.close();
    await agent.stop();
    await ca.close();
  }
}

async function agentFlags(folder: string, ca: FakeCa): Promise<Record<string, string>> {
  const tokens = await createTokenIssuer({ issuer: "https://bench.invalid" });
  const token = await tokens.mint({ namespace: "demo", serviceAccount: "bench", now: systemClock.now() });
  writeFileSync(`${folder}/token`, token, { mode: 0o600 });
  writeFileSync(`${folder}/root.pem`, ca.authority.rootPem);
  return {
    "--ca-address": `127.0.0.1:${ca.address.port}`,
    "--ca-root": `${folder}/root.pem`,
    "--token-file": `${folder}/token`,
    "--secret-ttl": `${ttlMs / 1000}s`,
    "--sds-socket": `${folder}/sds/socket`,
    "--status-address": `127.0.0.1:${await freePort()}`,
  };
}

/** Returns when the stream's second secret, the rotated one, arrived. */
async function secondSecretMs(channel: GrpcJsChannel): Promise<number> {
  const stream = channel.stream(streamSecrets);
  const constant = { nodeId: "bench", typeUrl: secretTypeUrl, resourceNames: ["default"] };
  stream.send({ ...constant, versionInfo: "", responseNonce: "" });
  let received = 0;
  for await (const { versionInfo, nonce } of stream.responses) {
    received += 1;
    if (received === 2) return systemClock.monotonicMs();
    stream.send({ ...constant, versionInfo, responseNonce: nonce });
  }
  throw new Error("the agent ended a stream");
}
