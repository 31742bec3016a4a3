import { buildGoProgram } from "../../harness/go-program.ts";

/** Builds the linter; a changed go.sum or main.go triggers a rebuild. */
export function buildZlint(): string {
  return buildGoProgram("zlint", ["go.sum", "main.go"]);
}
