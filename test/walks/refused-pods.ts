import { createTestAuthority } from "@kasbah/testkit";
import { findFaketime } from "../harness/wall-clock.ts";
import { HealthyCa } from "./healthy-ca.ts";
import type { Scene } from "./scenes.ts";

const hourMs = 3_600_000;
/** The exit codes of `kasbah status` and `kasbah-agent doctor`. */
const [warning, critical] = [3, 4];

/** What the incidents of pods have in common. */
export interface PodStage {
  readonly ca: HealthyCa;
  readonly running: AsyncDisposableStack;
}

/** The incidents in which the CA is healthy, and a pod gets no certificate. */
export const refusedPods: Readonly<Record<string, Scene<PodStage>>> = {
  async "token for another audience"({ ca, running }) {
    const token = await ca.token({ audience: "vault" });
    const { pod, place } = await ca.startPod(running, { token });
    await pod.agent.says("TOKEN_AUDIENCE");
    return { ...place, codes: ["TOKEN_AUDIENCE"], exits: critical };
  },
  async "token expired"({ ca, running }) {
    const token = await ca.token({ ageMs: 2 * hourMs });
    const { pod, place } = await ca.startPod(running, { token });
    await pod.agent.says("TOKEN_EXPIRED");
    return { ...place, codes: ["TOKEN_EXPIRED"], exits: critical };
  },
  async "token of another cluster"({ ca, running }) {
    const token = await ca.tokenOfAnotherCluster();
    const { pod, place } = await ca.startPod(running, { token });
    await pod.agent.says("TOKEN_REJECTED");
    return { ...place, codes: ["TOKEN_REJECTED"], exits: critical };
  },
  async "old root in the pod"({ ca, running }) {
    const { rootPem } = await createTestAuthority("cluster.local");
    const { pod, place } = await ca.startPod(running, { rootPem });
    await pod.agent.says("no trusted root issued its certificate");
    return { ...place, codes: ["CA_NOT_TRUSTED"], exits: critical };
  },
  async "clock of the pod ahead"({ ca, running }) {
    const library = await findFaketime();
    if (library === undefined) return undefined;
    const { pod, place } = await ca.startPod(running, { clock: { library, aheadMs: 2 * hourMs } });
    await pod.agent.says("TOKEN_EXPIRED");
    return { ...place, codes: ["CLOCK_AHEAD"], exits: critical };
  },
  async "clock of the pod behind"({ ca, running }) {
    const library = await findFaketime();
    if (library === undefined) return undefined;
    const { pod, place } = await ca.startPod(running, { clock: { library, aheadMs: -2 * hourMs } });
    await pod.agent.says("the local clock is behind");
    return { ...place, codes: ["CLOCK_BEHIND"], exits: critical };
  },
  async "service account refused by the policy"({ ca, running }) {
    const token = await ca.token({ namespace: "sandbox-7" });
    const { pod } = await ca.startPod(running, { token });
    await pod.agent.says("IDENTITY_NOT_ALLOWED");
    const reference = referenceIn(pod.agent.log);
    return { ...ca.place, values: { reference }, codes: ["IDENTITY_NOT_ALLOWED"], exits: 0 };
  },
  async "one pod refused, others served"({ running }) {
    // The other incidents are refusals, too.
    const ca = await HealthyCa.start(running);
    const token = await ca.token({ serviceAccount: "hurried" });
    const { pod } = await ca.startPod(running, { token });
    await pod.agent.untilReady();
    await pod.agent.kill();
    await pod.start().says("RATE_LIMITED");
    return { ...ca.place, codes: ["RATE_LIMITED"], exits: warning };
  },
};

/** The reference that a refused agent logs. */
function referenceIn(log: string): string {
  return /reference ([0-9a-f]{12})/.exec(log)?.[1] ?? "";
}
