import type { Clock } from "@kasbah/runtime";
import { envoyCacheDirectory } from "../../shipped-files.ts";
import { runProgram } from "../processes/run-program.ts";
import { findEnvoy, isExecutable } from "./find-envoy.ts";
import { installEnvoy, installedEnvoyPath } from "./install-envoy.ts";

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
 * The path of an Envoy: from ENVOY_BIN, on PATH, or kasbah's own, which is installed if missing.
 *
 * @throws CliError `ENVOY_MISSING` or `ENVOY_INSTALL_FAILED`
 */
export async function provideEnvoy({ clock, onInstall, ...options }: ProvideOptions): Promise<string> {
  const found = await findEnvoy(options.env);
  if (found) return found.path;
  const cacheDirectory = envoyCacheDirectory(options.env);
  const installed = installedEnvoyPath(cacheDirectory);
  if (await isExecutable(installed)) return installed;
  const done = onInstall?.(cacheDirectory);
  try {
    return await installEnvoy({ ...options, cacheDirectory, now: clock.now(), run: runProgram });
  } finally {
    done?.();
  }
}
