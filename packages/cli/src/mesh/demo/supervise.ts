import type { Mesh } from "../local/mesh.ts";
import type { Service } from "../processes/service.ts";
import type { DemoDeps } from "./demo-deps.ts";

/**
 * Long enough to show that traffic does not depend on the process, short enough for certificates that are
 * valid for 20 s.
 */
const restartAfterMs = 4000;

/** Restarts processes that the user kills, as a kubelet would, until the signal. */
export async function supervise({ ca, frontend, backend }: Mesh, deps: DemoDeps): Promise<void> {
  const workloads = [frontend, backend];
  const services = [ca.service, ...workloads.flatMap(({ agent, envoy }) => [agent, envoy])];
  await Promise.all(services.map((service) => keepUp(service, deps)));
}

async function keepUp(service: Service, { print, clock, signal }: DemoDeps): Promise<void> {
  while (!signal.aborted) {
    const how = await Promise.race([service.ended, untilAborted(signal)]);
    if (signal.aborted) return;
    print.line(`   ${service.name} exited (${how}); restarting it in ${restartAfterMs / 1000} s`);
    await clock.sleep(restartAfterMs, signal);
    await service.start();
    await service.ready();
    print.good(`${service.name} is ready again, pid ${service.pid}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
