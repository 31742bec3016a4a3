import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import type { PodOutcome, StormPlan, StormPod, StormReport } from "./plan.ts";
import { PodCaller } from "./pod-caller.ts";
import { contextOf } from "./pod-connection.ts";
import { retryRules } from "./retry-rules.ts";

// All pods of a storm, in one process of their own, so that its CPU time is measured separately from the CA's.
const [planPath = "", reportPath = ""] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planPath, "utf8")) as StormPlan;
const context = contextOf(plan);
const failures: Record<string, number> = {};

interface Served extends Omit<PodOutcome, "serial"> {
  readonly leafPem: string | undefined;
}

const startedMs = systemClock.monotonicMs();
const usedBefore = process.cpuUsage();
const served = await Promise.all(plan.pods.map((pod, at) => startPod(pod, at)));
const tookMs = systemClock.monotonicMs() - startedMs;
const used = process.cpuUsage(usedBefore);
const report: StormReport = {
  pods: served.map(({ leafPem, ...outcome }) => ({ ...outcome, serial: leafPem && serialOf(leafPem) })),
  tookMs,
  cpuSeconds: (used.user + used.system) / 1e6,
  failures,
};
await writeFile(reportPath, JSON.stringify(report));

async function startPod(pod: StormPod, at: number): Promise<Served> {
  await systemClock.sleep((at / plan.pods.length) * plan.overMs);
  return untilServed(pod);
}

async function untilServed(pod: StormPod): Promise<Served> {
  const rules = retryRules[plan.agents];
  const beganMs = systemClock.monotonicMs();
  const { namespace } = pod;
  const caller = new PodCaller({ plan, pod, context, rules });
  for (let attempts = 1; systemClock.monotonicMs() - beganMs < plan.patienceMs; attempts += 1) {
    const answer = await caller.call();
    if (answer.kind === "served" || rules.closesAfter(attempts)) caller.close();
    const { connections } = caller;
    if (answer.kind === "served") {
      const servedMs = systemClock.monotonicMs() - beganMs;
      return { namespace, servedMs, attempts, connections, leafPem: answer.leafPem };
    }
    const name = answer.kind === "lost" ? answer.reason : answer.status;
    failures[name] = (failures[name] ?? 0) + 1;
    await systemClock.sleep(rules.pauseMs(attempts, answer, Math.random()));
  }
  caller.close();
  const { connections } = caller;
  return { namespace, servedMs: undefined, attempts: connections, connections, leafPem: undefined };
}

function serialOf(pem: string): string {
  return new X509Certificate(pem).serialNumber.toLowerCase();
}
