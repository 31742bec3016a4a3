import { buildGoProgram } from "../../harness/go-program.ts";

/** Builds a collector of OpenTelemetry, which takes a minute once. */
export function buildCollector(): string {
  return buildGoProgram("traces/collector", ["go.mod", "go.sum", "main.go"]);
}
