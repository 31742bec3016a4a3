import { Worker } from "node:worker_threads";
import { checkHealth, createCertificate, watchHealth } from "@kasbah/protocol";
import type { RunningCa } from "../../harness/ca-process.ts";
import { newWorkload } from "../http2/control-call.ts";
import { framed } from "../http2/grpc-call.ts";
import type { Addresses, SwarmOptions } from "./swarm.ts";

const probe = framed(checkHealth.request.encode({ service: "" }));
const order = { ":path": createCertificate.path };
const health = { ":path": checkHealth.path };

/** A token in the form of a service account token, which no key signed. */
const forgedToken = [
  "eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ",
  "eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0In0",
  "AAAA",
].join(".");

/** What clients without a credential can do, and one pod with a token: each tries to use up what all callers share. */
export async function attacksOn(ca: RunningCa): Promise<Readonly<Record<string, SwarmOptions>>> {
  const { headers: pod } = await newWorkload(ca);
  const { port, rootPem } = ca;
  const target = { port, rootPem };
  return {
    "sends headers without a token, and no body": { target, connections: 10, streams: 100, headers: order },
    "sends headers with a forged token, and no body": {
      ...{ target, connections: 10, streams: 100 },
      headers: { ...order, authorization: `Bearer ${forgedToken}` },
    },
    "sends headers with the token of one pod, and no body": {
      ...{ target, connections: 10, streams: 100 },
      headers: { ...order, ...pod },
    },
    "asks for its health without a body": { target, connections: 20, streams: 100, headers: health },
    "asks for its health and reads no answer": {
      ...{ target, connections: 20, streams: 100, headers: health, body: probe },
      window: 0,
    },
    "watches its health on many streams": {
      ...{ target, connections: 60, streams: 100, headers: { ":path": watchHealth.path }, body: probe },
    },
    "keeps idle connections open": {
      ...{ target, connections: 2_000, streams: 1, headers: health, body: probe },
      callsOnce: true,
    },
  };
}

/** Runs all attacks at the same time, in a thread of its own, so that the attacker does not slow down the good callers. */
export async function attackAll(
  ca: RunningCa,
  addresses: Addresses,
  scale: number,
): Promise<() => Promise<unknown>> {
  const attacks = Object.values(await attacksOn(ca)).map((attack) => ({
    ...attack,
    connections: Math.ceil(attack.connections * scale),
  }));
  const worker = new Worker(new URL("./attacker.ts", import.meta.url), {
    workerData: { attacks, addresses },
  });
  worker.on("error", (error) => process.stderr.write(`the attacker failed: ${String(error)}\n`));
  return () => worker.terminate();
}
