import { buildGoProgram } from "../../harness/go-program.ts";

/** A program that lives on the Workload API by go-spiffe. */
export function buildWorkloadClient(): string {
  return buildGoProgram("workload-api", ["go.mod", "go.sum", "main.go", "mtls.go"]);
}
