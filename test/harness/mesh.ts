import { tmpdir } from "node:os";
import { type Mesh, type MeshOptions, startMesh } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import { testEnvoy } from "./envoy.ts";

/** Starts a mesh of real processes: a CA, two agents and two Envoys; the caller must stop it. */
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
