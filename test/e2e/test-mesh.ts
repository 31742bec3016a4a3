import { tmpdir } from "node:os";
import { type Mesh, type MeshOptions, provideEnvoy, startMesh } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";

/** The path of a real Envoy; the first call may install it, which is why suites allow minutes for their set-up. */
export function testEnvoy(): Promise<string> {
  const { env, platform, arch } = process;
  return provideEnvoy({ env, clock: systemClock, platform, arch });
}

export const setUpTimeoutMs = 300_000;

/** A mesh of real processes: a CA, two agents, two Envoys. Whoever starts it stops it. */
export async function startTestMesh(options: Pick<MeshOptions, "secretTtlMs" | "caFlags">): Promise<Mesh> {
  return startMesh({
    clock: systemClock,
    nodePath: process.execPath,
    envoyPath: await testEnvoy(),
    env: process.env,
    temporaryDirectory: tmpdir(),
    ...options,
  });
}
