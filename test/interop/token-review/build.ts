import { buildGoProgram } from "../../harness/go-program.ts";

/** The reviewer of tokens. */
export function buildReviewer(): string {
  return buildGoProgram("token-review", ["go.mod", "go.sum", "main.go", "review.go", "claims.go"]);
}
