import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { type Machine, type ServerConfig, serverCommand, serverOptions } from "./config.ts";

/** The smallest configuration with which the CA can authenticate callers. */
export const required = ["--jwks", "/etc/jwks.json", "--token-issuer", "https://issuer.test"];

/** Loads the configuration from arguments, environment and files. */
export function load(
  argv: readonly string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
  isRoot = false,
) {
  const machine: Machine = { isRoot, env };
  const readFile = (path: string) => files[path] ?? "";
  return loadConfig(serverCommand("1.2.3"), serverOptions(machine), { argv, env, readFile });
}

/** Returns the configuration, which must be valid. */
export function run(...args: Parameters<typeof load>): ServerConfig {
  const outcome = load(...args);
  assert.ok(outcome.kind === "run");
  return outcome.config;
}

/** Returns the problems of the configuration, which must be invalid. */
export function problems(...args: Parameters<typeof load>): readonly string[] {
  try {
    load(...args);
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError);
    return error.problems;
  }
  assert.fail("the configuration was accepted");
}
