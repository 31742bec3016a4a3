import { buildGoProgram } from "../../harness/go-program.ts";

/** Builds a program that loads compose files with the library of docker compose. */
export function buildComposeLoader(): string {
  return buildGoProgram("compose", ["go.mod", "go.sum", "main.go"]);
}
