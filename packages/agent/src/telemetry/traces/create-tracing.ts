import { hostname } from "node:os";
import { type Component, type ExportCounts, systemClock } from "@kasbah/runtime";
import { createOtlpTracing } from "@kasbah/runtime/otlp";
import type { AgentDeps } from "../../agent-deps.ts";
import type { RotationTracing } from "../../ca/create-ca-supply.ts";
import { command } from "../../config/command.ts";
import { traceRotations } from "./rotation-spans.ts";

export interface AgentTracing extends RotationTracing {
  readonly component: Component;
}

/** Traces rotations, and exports the spans to an endpoint. */
export function createTracing(
  endpoint: string,
  { environment, logger }: Pick<AgentDeps, "environment" | "logger">,
  counts: ExportCounts,
): AgentTracing {
  const { spans, component } = createOtlpTracing({
    ...{ endpoint, counts, environment, clock: systemClock, logger },
    service: { name: command.name, version: command.version },
    instance: hostname(),
  });
  return { ...traceRotations(spans), component };
}
