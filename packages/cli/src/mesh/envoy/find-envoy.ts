import { access, constants, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { CliError } from "../../errors.ts";

/** An Envoy, and how it was found. */
export interface FoundEnvoy {
  readonly path: string;
  readonly source: "ENVOY_BIN" | "PATH";
}

/**
 * `ENVOY_BIN` if set, else `envoy` on `PATH`; undefined if neither exists.
 *
 * @throws CliError `ENVOY_MISSING` if `ENVOY_BIN` is not an executable file, because an explicit choice is
 * never replaced
 */
export async function findEnvoy(
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundEnvoy | undefined> {
  const explicit = env["ENVOY_BIN"];
  if (explicit) {
    if (await isExecutable(explicit)) return { path: explicit, source: "ENVOY_BIN" };
    throw new CliError(
      "ENVOY_MISSING",
      `ENVOY_BIN is ${explicit}, which is not an executable file: fix or unset it`,
    );
  }
  // An empty element of PATH means the working directory, which is not searched.
  for (const directory of (env["PATH"] ?? "").split(delimiter).filter((element) => element !== "")) {
    const path = join(directory, "envoy");
    if (await isExecutable(path)) return { path, source: "PATH" };
  }
  return undefined;
}

/** True for a regular file, or a link to one, that this user may execute. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
