import { access, constants, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { CliError } from "../../errors.ts";

/** Where an Envoy was found. */
export interface FoundEnvoy {
  readonly path: string;
  readonly source: "ENVOY_BIN" | "PATH";
}

/**
 * `ENVOY_BIN` if set, else `envoy` on `PATH`; undefined when there is neither.
 *
 * @throws CliError `ENVOY_MISSING` when `ENVOY_BIN` names no executable file: a wish is never silently replaced.
 */
export async function findEnvoy(
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundEnvoy | undefined> {
  const wished = env["ENVOY_BIN"];
  if (wished) {
    if (await isExecutable(wished)) return { path: wished, source: "ENVOY_BIN" };
    throw new CliError(
      "ENVOY_MISSING",
      `ENVOY_BIN is ${wished}, which is not an executable file: fix or unset it`,
    );
  }
  // An empty element of PATH means the working directory, from which nothing is run.
  for (const directory of (env["PATH"] ?? "").split(delimiter).filter((element) => element !== "")) {
    const path = join(directory, "envoy");
    if (await isExecutable(path)) return { path, source: "PATH" };
  }
  return undefined;
}

/** True for a regular file (also through links) that this user may execute. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
