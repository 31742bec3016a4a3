import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writtenNames } from "../../deploy/names.ts";
import { commands } from "./manifest.ts";
import { npmOn } from "./npm.ts";
import { ReleaseError } from "./release-error.ts";
import { runProgram } from "./run-program.ts";

export interface TrialPlan {
  /** An empty folder, for the installation, the home directory and the working directory. */
  readonly folder: string;
  /** The Node on which npm and the commands run. */
  readonly node: string;
  readonly npmCli: string | undefined;
  readonly tarball: string;
  /** The path of an Envoy; undefined lets the demo provide one. */
  readonly envoy?: string | undefined;
}

/** A package that is installed in a folder. */
export interface Installation {
  readonly package: string;
  readonly binOf: (command: string) => string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of its commands in an empty folder and returns its output. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
}

/** Installs a package from its file, offline and without scripts, next to no other file. */
export async function installRelease(plan: TrialPlan): Promise<Installation> {
  const { folder, node, tarball } = plan;
  const [prefix, home, work] = ["installed", "home", "work"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [prefix, home, work]) await mkdir(directory, { recursive: true });
  // Nothing of this process's environment: npm sets variables that would change what the commands do.
  const env = {
    HOME: home,
    PATH: `${dirname(node)}:/usr/bin:/bin`,
    ...(plan.envoy ? { ENVOY_BIN: plan.envoy } : {}),
  };
  const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await npmOn(node, plan.npmCli)(["install", "--prefix", prefix, ...flags, tarball], { cwd: prefix, env });
  const binOf = (command: string) => join(prefix, "node_modules/.bin", command);
  return {
    package: join(prefix, "node_modules", writtenNames.npm),
    binOf,
    env,
    run: (command, ...args) => runProgram(binOf(command), args, { cwd: work, env }),
  };
}

/** Runs every command once, and then the quickstart. Returns how many seconds that took. */
export async function tryRelease({ package: folder, run }: Installation): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  for (const command of commands) {
    const said = (await run(command, "--version")).trim();
    if (!said.includes(version))
      throw new ReleaseError(`${command} --version prints ${said}: expected ${version}`);
  }
  const said = await run("kasbah", "demo", "--once");
  const [, seconds] = /^All checks passed in ([0-9.]+) s\.$/m.exec(said) ?? [];
  if (seconds === undefined)
    throw new ReleaseError(`kasbah demo --once did not report success: ${said.slice(-500)}`);
  return seconds;
}
