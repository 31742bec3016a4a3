import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import type { PodOutcome, StormPlan, StormPod, StormReport } from "./plan.ts";
import { type Answer, contextOf, PodConnection } from "./pod-connection.ts";
import { type RetryRules, retryRules } from "./retry-rules.ts";

// All pods of a storm, in one process of their own, so that its CPU time can be told from that of the CA.
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
  const caller = new PodCaller(pod, rules);
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

/** The connection that an agent has at the moment. */
class PodCaller {
  readonly #pod: StormPod;
  readonly #rules: RetryRules;
  #connection: PodConnection | undefined;
  #dialedMs = Number.NEGATIVE_INFINITY;
  connections = 0;

  constructor(pod: StormPod, rules: RetryRules) {
    this.#pod = pod;
    this.#rules = rules;
  }

  async call(): Promise<Answer> {
    if (this.#connection?.isOpen !== true) {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - this.#dialedMs < this.#rules.redialMs) return { kind: "lost", reason: "not connected yet" };
      this.#dialedMs = nowMs;
      this.connections += 1;
      const { dialTimeoutMs, callTimeoutMs } = this.#rules;
      this.#connection = new PodConnection({ plan, pod: this.#pod, context, dialTimeoutMs, callTimeoutMs });
    }
    return this.#connection.call();
  }

  close(): void {
    this.#connection?.close();
    this.#dialedMs = Number.NEGATIVE_INFINITY;
  }
}

function serialOf(pem: string): string {
  return new X509Certificate(pem).serialNumber.toLowerCase();
}
