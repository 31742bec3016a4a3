import { buildGoProgram } from "../../harness/go-program.ts";

/** Builds a ledger reader on Go's own log libraries. */
export function buildLedgerReader(): string {
  return buildGoProgram("ledger", ["go.mod", "go.sum", "main.go", "folder.go", "check.go"]);
}
