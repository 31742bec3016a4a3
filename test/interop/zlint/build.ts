import { buildGoProgram } from "../../harness/go-program.ts";

/** The linter; a new go.sum or main.go makes a new one. */
export function buildZlint(): string {
  return buildGoProgram("zlint", ["go.sum", "main.go"]);
}
