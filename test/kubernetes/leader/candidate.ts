import { createLogger, systemClock } from "@kasbah/runtime";
import { KubernetesClient } from "../../../packages/ca-server/src/kubernetes/api/api-client.ts";
import { Leader, type LeaderTiming } from "../../../packages/ca-server/src/kubernetes/leader/leader.ts";
import { AddressRules } from "../../../packages/ca-server/src/outbound/address-rules.ts";

/** The start parameters of the process, as JSON. */
export interface CandidateOrder {
  readonly server: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly namespace: string;
  readonly identity: string;
  readonly timing: LeaderTiming;
}

/**
 * One sample of the candidate's belief, timed by the monotonic clock that all processes of the machine share.
 */
export type Sample = readonly [atMs: number, isLeader: boolean];

const sampleEveryMs = 10;

async function main(order: CandidateOrder): Promise<void> {
  const { server, namespace, identity, timing, ...files } = order;
  const addressRules = new AddressRules([{ address: "127.0.0.1", prefix: 32 }]);
  const client = new KubernetesClient({ ...files, server: new URL(server), addressRules });
  const sample = () => {
    const line: Sample = [Number(process.hrtime.bigint() / 1_000_000n), leader.isLeader];
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  const leader: Leader = new Leader({
    ...{ client, namespace, identity, timing, clock: systemClock },
    onChange: sample,
    logger: createLogger({ level: "silent", format: "json" }),
  });
  await leader.start();
  setInterval(sample, sampleEveryMs);
  process.once("SIGTERM", () => void leader.stop().then(() => process.exit(0)));
  // No candidate outlives the test.
  process.stdin.once("end", () => process.exit(1)).resume();
}

await main(JSON.parse(process.argv[2] ?? ""));
