import { type Mesh, type MeshOptions, startMesh } from "../local/mesh.ts";
import { showRefusals, showRequest } from "./calls.ts";
import type { DemoDeps } from "./demo-deps.ts";
import { showIdentities, showRoot } from "./identities.ts";
import { showNextSteps } from "./next-steps.ts";
import { showRotation } from "./rotation.ts";
import { supervise } from "./supervise.ts";

/**
 * Starts a mesh, verifies it and, unless `once` is set, keeps it running until the signal. On a failure it
 * keeps only the logs.
 *
 * @throws CliError if a part does not start or a check fails
 */
export async function runDemo(mesh: MeshOptions, deps: DemoDeps, once: boolean): Promise<void> {
  const startedAt = deps.clock.monotonicMs();
  const running = await startParts(mesh, deps);
  try {
    await prove(running, deps);
    const seconds = ((deps.clock.monotonicMs() - startedAt) / 1000).toFixed(1);
    deps.print.line();
    deps.print.line(`All checks passed in ${seconds} s.`);
    if (once) return;
    await stayUp(running, deps);
  } catch (error) {
    if (!deps.signal.aborted) {
      running.keepLogs();
      deps.print.bad(`logs: ${running.logDirectory}`);
    }
    throw error;
  } finally {
    await running.stop();
  }
}

/** Returns on the signal, which is the normal way to end the demo. */
async function stayUp(mesh: Mesh, deps: DemoDeps): Promise<void> {
  showNextSteps(mesh, deps.print);
  try {
    await supervise(mesh, deps);
  } catch (error) {
    if (!deps.signal.aborted) throw error;
  }
  deps.print.line();
  deps.print.line("Stopping.");
}

async function startParts(options: MeshOptions, { print }: DemoDeps): Promise<Mesh> {
  print.line("kasbah demo: identities for a service mesh, with real Envoys");
  print.step("Start a CA, and two workloads with an agent and an Envoy each");
  print.progress("starting");
  const mesh = await startMesh({ ...options, onReady: (part) => print.progress(`${part} is ready`) });
  const pids = ({ agent, envoy }: Mesh["frontend"]) => `agent pid ${agent.pid}, Envoy pid ${envoy.pid}`;
  print.row("CA", `pid ${mesh.ca.service.pid}, trusts the token issuer of this demo`);
  print.row("frontend", pids(mesh.frontend));
  print.row("backend", `${pids(mesh.backend)}, with a small HTTP app`);
  return mesh;
}

async function prove(mesh: Mesh, deps: DemoDeps): Promise<void> {
  await showRoot(mesh, deps);
  await showIdentities(mesh, deps);
  await showRequest(mesh, deps);
  await showRefusals(mesh, deps);
  await showRotation(mesh, deps);
}
