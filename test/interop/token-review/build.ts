import { buildGoProgram } from "../../harness/go-program.ts";

/** Builds the token reviewer. */
export function buildReviewer(): string {
  return buildGoProgram("token-review", ["go.mod", "go.sum", "main.go", "review.go", "claims.go"]);
}
