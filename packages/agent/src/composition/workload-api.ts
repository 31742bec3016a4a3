import { resolve } from "node:path";
import type { Component, Readiness } from "@kasbah/runtime";
import type { Ground } from "../agent-deps.ts";

/** SPIFFE's socket, loaded only when it is asked for: most pods have no use for it. */
export async function composeWorkloadApi(
  { config, store, registry, clock, logger }: Ground,
  readiness: () => Readiness,
): Promise<readonly Component[]> {
  const { workloadSocket, workloadSocketMode: mode } = config;
  if (workloadSocket === undefined) return [];
  const { createWorkloadEndpoint } = await import("../workload-api/create-workload-api.ts");
  const reasons = () => readiness().reasons;
  return [
    createWorkloadEndpoint({ path: resolve(workloadSocket), mode, store, reasons, registry, clock, logger }),
  ];
}
