import { startControlPlane } from "../../test/kubernetes/control-plane.ts";
import type { Figure } from "../report.ts";
import { startClusterScene } from "./cluster-scene.ts";
import { stormFigures } from "./figures.ts";
import { startJwksScene } from "./jwks-scene.ts";
import type { AgentKind } from "./plan.ts";
import { runStorm } from "./run-storm.ts";
import type { StormScene } from "./scene.ts";

export interface StormOptions {
  readonly pods: number;
  readonly agents: AgentKind;
  /** Whether a real API server reviews the tokens; otherwise the CA verifies them with a key set. */
  readonly kubernetes: boolean;
}

const patienceMs = 300_000;

/** All pods of a cluster restart at once: every one has a new connection, key and token. */
export async function measureStorm(folder: string, options: StormOptions): Promise<readonly Figure[]> {
  if (!options.kubernetes) return measureScene(folder, options, await startJwksScene(folder, options.pods));
  const controlPlane = await startControlPlane();
  try {
    return await measureScene(folder, options, await startClusterScene(controlPlane, options.pods));
  } finally {
    await controlPlane.stop();
  }
}

async function measureScene(
  folder: string,
  { agents, kubernetes }: StormOptions,
  { ca, pods, helpers, stop }: StormScene,
): Promise<readonly Figure[]> {
  try {
    const { port, rootPem, pid, stateDir } = ca;
    const plan = { port, rootPem, agents, overMs: 0, patienceMs, pods };
    const result = await runStorm(folder, plan, { pid, stateDir, helpers });
    const way = kubernetes ? "TokenReview on a real API server" : "a key set";
    return stormFigures(`A storm of restarts: ${way}, ${agents} agents`, result);
  } finally {
    await stop();
  }
}
