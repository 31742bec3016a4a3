import { buildGoProgram } from "../../harness/go-program.ts";

/** Builds a program that gets its identity from the Workload API with go-spiffe. */
export function buildWorkloadClient(): string {
  return buildGoProgram("workload-api", ["go.mod", "go.sum", "main.go", "mtls.go"]);
}
