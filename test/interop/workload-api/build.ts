import { buildGoProgram } from "../../harness/go-program.ts";

const sources = ["go.mod", "go.sum", "main.go", "mtls.go", "serve.go", "calls.go", "peers.go"];

/** Builds a program that gets its identity from the Workload API with go-spiffe. */
export function buildWorkloadClient(): string {
  return buildGoProgram("workload-api/go", sources);
}
