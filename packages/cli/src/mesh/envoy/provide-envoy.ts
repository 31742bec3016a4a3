import { fileURLToPath } from "node:url";
import type { Clock } from "@kasbah/runtime";
import { runProgram } from "../processes/run-program.ts";
import { findEnvoy, isExecutable } from "./find-envoy.ts";
import { installEnvoy, installedEnvoyPath } from "./install-envoy.ts";

/** The repository's git-ignored cache, at the same distance from src and from dist. */
const cacheDirectory = fileURLToPath(new URL("../../../../../.cache", import.meta.url));

export interface ProvideOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly platform: string;
  readonly arch: string;
  readonly signal?: AbortSignal;
  /** Called before an installation starts; the returned function is called after it. */
  readonly onInstall?: (cacheDirectory: string) => () => void;
}

/**
 * The path of an Envoy: from ENVOY_BIN, on PATH, or the project's own, which is installed if missing.
 *
 * @throws CliError `ENVOY_MISSING` or `ENVOY_INSTALL_FAILED`
 */
export async function provideEnvoy({ clock, onInstall, ...options }: ProvideOptions): Promise<string> {
  const found = await findEnvoy(options.env);
  if (found) return found.path;
  const installed = installedEnvoyPath(cacheDirectory);
  if (await isExecutable(installed)) return installed;
  const done = onInstall?.(cacheDirectory);
  try {
    return await installEnvoy({ ...options, cacheDirectory, now: clock.now(), run: runProgram });
  } finally {
    done?.();
  }
}
